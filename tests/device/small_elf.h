// ELF64 code objects with nothing in them but what a test puts there.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace octet {

class SmallElf {
 public:
  const unsigned char* image() const { return bytes_.data(); }

 protected:
  SmallElf() : bytes_(64) {}
  uint64_t size() const { return bytes_.size(); }
  template <class T>
  void put(T value) {
    const auto* from = reinterpret_cast<const unsigned char*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof value);
  }
  /// Where `all` begins.
  uint64_t text(const std::string& all) {
    const uint64_t at = bytes_.size();
    bytes_.insert(bytes_.end(), all.begin(), all.end());
    return at;
  }
  void section(uint32_t name, uint32_t type, uint64_t at, uint64_t bytes, uint32_t link) {
    put(name), put(type), put(uint64_t{0}), put(uint64_t{0}), put(at), put(bytes), put(link);
    put(uint32_t{0}), put(uint64_t{1}), put(uint64_t{0});
  }
  /// The header: `count` sections from `sections` on, section `of_names` has their names.
  void finish(uint16_t machine, uint64_t sections, uint16_t count, uint16_t of_names) {
    std::memcpy(bytes_.data(), "\177ELF\2\1\1", 7);
    std::memcpy(bytes_.data() + 18, &machine, 2);
    std::memcpy(bytes_.data() + 40, &sections, 8);
    std::memcpy(bytes_.data() + 60, &count, 2);
    std::memcpy(bytes_.data() + 62, &of_names, 2);
  }

 private:
  std::vector<unsigned char> bytes_;
};

}  // namespace octet
