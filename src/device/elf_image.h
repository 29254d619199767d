// An ELF64 code object in memory, little endian, as its sections.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace octet::gpu {

class ElfImage {
 public:
  /// Whether a code object begins at `image`; the rest of the class takes it for whole.
  static bool is_one(const unsigned char* image) {
    return std::memcmp(image, "\177ELF\2\1", 6) == 0;
  }
  explicit ElfImage(const unsigned char* image) : image_(image), header_(read<Elf64_Ehdr>(0)) {}

  int machine() const { return header_.e_machine; }
  int num_sections() const { return header_.e_shnum; }
  Elf64_Shdr section(int index) const {
    return read<Elf64_Shdr>(header_.e_shoff + static_cast<uint64_t>(index) * sizeof(Elf64_Shdr));
  }
  std::string_view name(const Elf64_Shdr& s) const {
    return text(section(header_.e_shstrndx).sh_offset + s.sh_name);
  }
  std::string_view text(uint64_t offset) const {
    return reinterpret_cast<const char*>(image_ + offset);
  }
  const unsigned char* data(uint64_t offset) const { return image_ + offset; }
  template <class T>
  T read(uint64_t offset) const {
    T value;
    std::memcpy(&value, image_ + offset, sizeof value);
    return value;
  }

 private:
  const unsigned char* image_;
  Elf64_Ehdr header_;
};

}  // namespace octet::gpu
