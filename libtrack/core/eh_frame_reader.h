// eh_frame_reader.h: a bounded cursor over the bytes of .eh_frame and .eh_frame_hdr.
//  - Never reads outside [begin, end): past the end it yields 0 and ok() turns false, for good.
//  - Little endian, any alignment. No state beyond itself: any thread, any signal handler.
#pragma once

#include <stdint.h>
#include <string.h>

namespace track::core {

class EhFrameReader {
 public:
  EhFrameReader(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}

  bool ok() const { return ok_; }
  bool more() const { return ok_ && at_ < end_; }
  const uint8_t* at() const { return at_; }
  const uint8_t* end() const { return end_; }

  template <class T>
  T fixed() {
    T value{};
    if (remaining() < sizeof(T)) return fail(), value;
    memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  uint64_t uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = fixed<uint8_t>();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
  }

  int64_t sleb() {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
      byte = fixed<uint8_t>();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40)) value |= ~uint64_t{0} << shift;
    return static_cast<int64_t>(value);
  }

  void skip(uint64_t count) {
    if (count > remaining()) return fail();
    at_ += count;
  }

  // A pointer in one of the DW_EH_PE_* encodings that x86-64 linkers emit: absolute or pc-relative.
  // data_base serves DW_EH_PE_datarel (0: refuse it). Indirect and all others end in !ok().
  uint64_t pointer(uint8_t encoding, uint64_t data_base = 0) {
    const uint64_t here = reinterpret_cast<uint64_t>(at_);
    uint64_t value = 0;
    switch (encoding & 0x0f) {
      case 0x00:
      case 0x04:
      case 0x0c:
        value = fixed<uint64_t>();
        break;
      case 0x01:
        value = uleb();
        break;
      case 0x02:
        value = fixed<uint16_t>();
        break;
      case 0x03:
        value = fixed<uint32_t>();
        break;
      case 0x09:
        value = static_cast<uint64_t>(sleb());
        break;
      case 0x0a:
        value = static_cast<uint64_t>(int64_t{fixed<int16_t>()});
        break;
      case 0x0b:
        value = static_cast<uint64_t>(int64_t{fixed<int32_t>()});
        break;
      default:
        fail();
    }
    switch (encoding & 0xf0) {
      case 0x00:
        break;
      case 0x10:
        value += here;
        break;
      case 0x30:
        if (data_base == 0) fail();
        value += data_base;
        break;
      default:
        fail();
    }
    return value;
  }

  void fail() {
    ok_ = false;
    at_ = end_;
  }

 private:
  uint64_t remaining() const { return static_cast<uint64_t>(end_ - at_); }

  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace track::core
