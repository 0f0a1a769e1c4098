// A pool of a program's own making, which says who its workers are (track/pool.h): its jobs are
// plain objects with a function in them, in a list. The destructor runs what is queued and joins.
#pragma once

#include <track/pool.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

class JobPool {
 public:
  JobPool(const char* name, int workers) : name_(name) {
    for (int i = 0; i < workers; ++i) workers_.emplace_back(&JobPool::work, this);
  }
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;
  ~JobPool() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  template <class Work>
  void post(Work work) {
    struct WorkJob : Job {
      explicit WorkJob(Work w)
          : Job{nullptr, [](Job* job) { static_cast<WorkJob*>(job)->work(); },
                [](Job* job) { delete static_cast<WorkJob*>(job); }},
            work(std::move(w)) {}
      Work work;
    };
    {
      std::lock_guard lock(mutex_);
      *end_ = new WorkJob(std::move(work));
      end_ = &(*end_)->next;
    }
    changed_.notify_one();
  }

 private:
  struct Job {
    Job* next;
    void (*run)(Job*);
    void (*free)(Job*);
  };

  void work() {
    const track::pool_worker worker(this, name_);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return closed_ || first_ != nullptr; });
      Job* job = first_;
      if (job == nullptr) return;
      first_ = job->next;
      if (first_ == nullptr) end_ = &first_;
      lock.unlock();
      {
        const track::pool_job running;
        job->run(job);
      }
      job->free(job);
      lock.lock();
    }
  }

  const char* name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Job* first_ = nullptr;
  Job** end_ = &first_;
  bool closed_ = false;
  std::vector<std::thread> workers_;
};
