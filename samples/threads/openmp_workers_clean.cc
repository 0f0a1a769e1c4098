// what: OpenMP keeps its workers to the end of the process: they are the library's.
// expect: clean
// flags: -fopenmp
int main() {
  long sum = 0;
#pragma omp parallel for reduction(+ : sum) num_threads(4)
  for (int i = 0; i < 100000; ++i) sum += i;
  return sum == 4999950000 ? 0 : 1;
}
