// Layout     ELF64; symbol <name>.kd is a kernel descriptor of 64 bytes; note 32 of owner AMDGPU is
//            the metadata in MessagePack
// Source     LLVM, "User Guide for AMDGPU Backend", code object V5 and kernel descriptor
#include "tests/amdgcn/code_object.h"

#include <elf.h>

#include <cstring>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/source_kernels.h"

namespace octet::amdgcn {
namespace {

constexpr uint32_t kMachMask = 0xff, kMachGfx942 = 0x4c, kMachGfx950 = 0x4f;
constexpr uint32_t kMetadataNote = 32;

template <class T>
T read(std::span<const std::byte> bytes, uint64_t offset) {
  if (offset + sizeof(T) > bytes.size()) fail("the code object ends before byte {}", offset);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string text_at(std::span<const std::byte> bytes, uint64_t offset) {
  std::string text;
  while (const char c = static_cast<char>(read<std::byte>(bytes, offset++))) text += c;
  return text;
}

}  // namespace

struct CodeObjectReader {
  std::span<const std::byte> image;
  CodeObject object;

  void read_all() {
    const auto header = read<Elf64_Ehdr>(image, 0);
    if (std::memcmp(header.e_ident, "\177ELF\2\1", 6) != 0 || header.e_machine != 224) {
      fail("no ELF64 code object of an AMD GPU");
    }
    const uint32_t mach = header.e_flags & kMachMask;
    if (mach != kMachGfx942 && mach != kMachGfx950) fail("arch {:#x} of the code object", mach);
    object.gfx950_ = mach == kMachGfx950;
    read_segments(header);
    read_symbols(header);
    if (!runs_sources()) read_code();  // the notes are enough for those
  }

  void read_segments(const Elf64_Ehdr& header) {
    for (uint64_t i = 0; i < header.e_phnum; ++i) {
      const auto segment = read<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr));
      if (segment.p_type == PT_LOAD) {
        const uint64_t end = segment.p_vaddr + segment.p_memsz;
        if (object.segments_.size() < end) object.segments_.resize(end);
        std::memcpy(object.segments_.data() + segment.p_vaddr, image.data() + segment.p_offset,
                    segment.p_filesz);
      }
      if (segment.p_type == PT_NOTE) read_notes(segment.p_offset, segment.p_filesz);
    }
  }

  void read_notes(uint64_t offset, uint64_t bytes) {
    const auto rounded = [](uint64_t n) { return (n + 3) / 4 * 4; };
    for (uint64_t at = offset; at + sizeof(Elf64_Nhdr) <= offset + bytes;) {
      const auto note = read<Elf64_Nhdr>(image, at);
      const uint64_t description = at + sizeof note + rounded(note.n_namesz);
      if (note.n_type == kMetadataNote) {
        const auto* first = reinterpret_cast<const uint8_t*>(image.data() + description);
        read_metadata(nlohmann::json::from_msgpack(first, first + note.n_descsz));
      }
      at = description + rounded(note.n_descsz);
    }
  }

  void read_metadata(const nlohmann::json& metadata) {
    for (const auto& entry : metadata.at("amdhsa.kernels")) {
      KernelCode kernel;
      kernel.name = entry.at(".name");
      kernel.max_workgroup = entry.at(".max_flat_workgroup_size");
      for (const auto& argument : entry.value(".args", nlohmann::json::array())) {
        const std::string kind = argument.at(".value_kind");
        const uint32_t begin = argument.at(".offset"), size = argument.at(".size");
        if (kind.starts_with("hidden_")) {
          kernel.hidden.push_back({kind, begin, size});
        } else {
          kernel.explicit_kernarg_bytes = std::max(kernel.explicit_kernarg_bytes, begin + size);
        }
      }
      object.kernels_.push_back(std::move(kernel));
    }
  }

  void read_symbols(const Elf64_Ehdr& header) {
    for (uint64_t i = 0; i < header.e_shnum; ++i) {
      const auto table = read<Elf64_Shdr>(image, header.e_shoff + i * sizeof(Elf64_Shdr));
      if (table.sh_type != SHT_DYNSYM) continue;
      const auto names =
          read<Elf64_Shdr>(image, header.e_shoff + table.sh_link * sizeof(Elf64_Shdr));
      for (uint64_t n = 0; n < table.sh_size / sizeof(Elf64_Sym); ++n) {
        const auto symbol = read<Elf64_Sym>(image, table.sh_offset + n * sizeof(Elf64_Sym));
        const std::string name = text_at(image, names.sh_offset + symbol.st_name);
        for (KernelCode& kernel : object.kernels_) {
          if (name == kernel.name + ".kd") kernel.descriptor = symbol.st_value;
        }
      }
    }
  }

  void read_code() {
    std::vector<Function> functions = disassemble(image);
    for (KernelCode& kernel : object.kernels_) {
      if (kernel.descriptor == 0) fail("no descriptor of {}", kernel.name);
      const std::span<const std::byte> segments = object.segments_;
      read_descriptor(segments.subspan(kernel.descriptor).first<64>(), kernel);
      for (Function& function : functions) {
        if (function.name == kernel.name) kernel.instructions = std::move(function.instructions);
      }
      if (kernel.instructions.empty()) fail("no code of {}", kernel.name);
      const uint64_t entry = kernel.descriptor + read<uint64_t>(segments, kernel.descriptor + 16);
      if (kernel.instructions[0].address != entry)
        fail("{} does not begin at its entry", kernel.name);
    }
  }
};

void read_descriptor(std::span<const std::byte, 64> bytes, KernelCode& kernel) {
  const auto resources3 = read<uint32_t>(bytes, 44), resources1 = read<uint32_t>(bytes, 48),
             resources2 = read<uint32_t>(bytes, 52);
  const auto properties = read<uint16_t>(bytes, 56), preload = read<uint16_t>(bytes, 58);
  kernel.lds_bytes = read<uint32_t>(bytes, 0);
  kernel.kernarg_bytes = read<uint32_t>(bytes, 8);
  if (read<uint32_t>(bytes, 4) != 0 || (resources2 & 1) != 0) {
    kernel.problem = kernel.name + " uses scratch memory";
  }
  if (preload != 0) kernel.problem = kernel.name + " wants arguments in registers";
  if ((resources1 >> 12 & 0xff) != 0xf0) kernel.problem = kernel.name + " has unusual float modes";
  const int total = static_cast<int>((resources1 & 63) + 1) * 8;
  kernel.vector_registers = static_cast<int>((resources3 & 63) + 1) * 4;
  kernel.accumulators = total - kernel.vector_registers;
  kernel.user_registers = static_cast<int>(resources2 >> 1 & 31);
  for (int axis = 0; axis < 3; ++axis)
    kernel.workgroup_id[axis] = (resources2 >> (7 + axis) & 1) != 0;
  // Registers in order of these bits; what is not the arguments' address is not given here.
  constexpr int kSizes[7] = {4, 2, 2, 2, 2, 2, 1};
  constexpr int kKernarg = 3;
  int next = 0;
  for (int bit = 0; bit < 7; ++bit) {
    if ((properties >> bit & 1) == 0) continue;
    if (bit == kKernarg) kernel.kernarg_register = next;
    next += kSizes[bit];
  }
}

std::shared_ptr<const CodeObject> CodeObject::load(std::span<const std::byte> image) {
  static std::mutex mutex;
  static std::map<std::pair<size_t, size_t>, std::shared_ptr<const CodeObject>> loaded;
  const std::lock_guard lock(mutex);
  const std::string_view bytes(reinterpret_cast<const char*>(image.data()), image.size());
  auto& known = loaded[{image.size(), std::hash<std::string_view>()(bytes)}];
  if (!known) {
    CodeObjectReader reader{image, CodeObject()};
    reader.read_all();
    known = std::make_shared<const CodeObject>(std::move(reader.object));
  }
  return known;
}

const KernelCode* CodeObject::find(std::string_view entry) const {
  for (const KernelCode& kernel : kernels_) {
    if (kernel.name == entry) return &kernel;
  }
  return nullptr;
}

std::vector<std::string> CodeObject::problems() const {
  std::set<std::string> found;
  for (const KernelCode& kernel : kernels_) {
    if (!kernel.problem.empty()) found.insert(kernel.problem);
    for (const Instruction& i : kernel.instructions) {
      if (!i.problem.empty()) found.insert(i.problem);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace octet::amdgcn
