// Section .nv.info of a CUDA code object has records of (format, attribute, size of the value);
// those read here are of a function, whose symbol their value begins with.
#include "src/device/code_object.h"

#include <algorithm>
#include <string>

#include "src/core/try.h"
#include "src/device/amd_metadata.h"
#include "src/device/elf_image.h"

namespace octet::gpu {
namespace {

constexpr uint8_t kSizedValue = 4, kFrameSize = 0x11, kRegisterCount = 0x2f;
constexpr int kAmdGpu = 224;                // EM_AMDGPU, which older systems have not
constexpr uint64_t kReservedShared = 1024;  // in every kernel's section of shared memory

struct Record {
  uint8_t format, attribute;
  uint16_t bytes;
};
static_assert(sizeof(Record) == 4);

/// The index of a function's symbol, or -1.
int64_t symbol_of(const ElfImage& elf, const Elf64_Shdr& table, std::string_view entry) {
  const uint64_t names = elf.section(static_cast<int>(table.sh_link)).sh_offset;
  for (uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); ++i) {
    const auto symbol = elf.read<Elf64_Sym>(table.sh_offset + i * sizeof(Elf64_Sym));
    if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && elf.text(names + symbol.st_name) == entry) {
      return static_cast<int64_t>(i);
    }
  }
  return -1;
}

/// The records of the function with symbol `index`.
void read_records(const ElfImage& elf, const Elf64_Shdr& records, int64_t index,
                  KernelResources& found) {
  for (uint64_t at = records.sh_offset; at < records.sh_offset + records.sh_size;) {
    const auto record = elf.read<Record>(at);
    at += sizeof record;
    if (record.format != kSizedValue) continue;  // a value in the record itself
    if (record.bytes >= 8 && elf.read<uint32_t>(at) == static_cast<uint64_t>(index)) {
      const auto value = static_cast<int>(elf.read<uint32_t>(at + 4));
      if (record.attribute == kRegisterCount) found.registers = value;
      if (record.attribute == kFrameSize) found.stack_bytes = value;
    }
    at += record.bytes;
  }
}

Result<KernelResources> cuda_kernel_resources(const ElfImage& elf, std::string_view entry) {
  KernelResources found;
  int64_t symbol = -1;
  for (int i = 0; i < elf.num_sections(); ++i) {
    const Elf64_Shdr section = elf.section(i);
    if (section.sh_type == SHT_SYMTAB) symbol = symbol_of(elf, section, entry);
    if (elf.name(section) == ".nv.shared." + std::string(entry)) {
      found.shared_bytes =
          static_cast<int>(section.sh_size - std::min(section.sh_size, kReservedShared));
    }
  }
  for (int i = 0; symbol >= 0 && i < elf.num_sections(); ++i) {
    const Elf64_Shdr section = elf.section(i);
    if (elf.name(section) == ".nv.info") read_records(elf, section, symbol, found);
  }
  if (found.registers > 0) return found;
  return fail(StatusCode::kInvalidArgument, "no kernel {} in the code object", entry);
}

}  // namespace

Result<KernelResources> kernel_resources(const unsigned char* image, std::string_view entry) {
  if (!ElfImage::is_one(image)) {
    return fail(StatusCode::kInvalidArgument, "no ELF64 code object");
  }
  const ElfImage elf(image);
  return elf.machine() == kAmdGpu ? amd_kernel_resources(elf, entry)
                                  : cuda_kernel_resources(elf, entry);
}

Result<KernelResources> kernel_resources(std::span<const Kernel> kernels, Arch arch) {
  KernelResources most;
  const auto keep = [](int& larger, int own) { larger = std::max(larger, own); };
  for (const Kernel& kernel : kernels) {
    const unsigned char* image = kernel.code().image(arch);
    if (image == nullptr) {
      return fail(StatusCode::kUnsupported, "code object {} for {}: not in this build",
                  kernel.code().name, arch_name(arch));
    }
    OCTET_TRY(const KernelResources own, kernel_resources(image, kernel.entry()));
    keep(most.registers, own.registers);
    keep(most.accumulators, own.accumulators);
    keep(most.scalars, own.scalars);
    keep(most.stack_bytes, own.stack_bytes);
    keep(most.shared_bytes, own.shared_bytes);
    keep(most.spills, own.spills);
  }
  return most;
}

}  // namespace octet::gpu
