// Source     the format: LLVM's User Guide for the AMDGPU Backend, "Code Object Metadata": a note
// of
//            type 32 and name AMDGPU whose content is a MessagePack map
#include "src/device/amd_metadata.h"

#include <nlohmann/json.hpp>
#include <string>

#include "src/core/try.h"

namespace octet::gpu {
namespace {

constexpr uint32_t kMetadata = 32;

uint64_t padded(uint64_t bytes) { return (bytes + 3) / 4 * 4; }

/// The content of the first metadata note of a section; discarded() where there is none.
nlohmann::json metadata_in(const ElfImage& elf, const Elf64_Shdr& notes) {
  for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.sh_size;) {
    const auto note = elf.read<Elf64_Nhdr>(notes.sh_offset + at);
    const uint64_t name = at + sizeof note, content = name + padded(note.n_namesz);
    at = content + padded(note.n_descsz);
    if (at > notes.sh_size) break;
    if (note.n_type != kMetadata || elf.text(notes.sh_offset + name) != "AMDGPU") continue;
    const unsigned char* first = elf.data(notes.sh_offset + content);
    return nlohmann::json::from_msgpack(first, first + note.n_descsz, true, false);
  }
  return nlohmann::json(nlohmann::json::value_t::discarded);
}

int number(const nlohmann::json& kernel, const char* key) {
  const auto found = kernel.find(key);
  return found != kernel.end() && found->is_number() ? found->get<int>() : 0;
}

KernelResources resources_of(const nlohmann::json& kernel) {
  KernelResources found;
  found.registers = number(kernel, ".vgpr_count");
  found.accumulators = number(kernel, ".agpr_count");
  found.scalars = number(kernel, ".sgpr_count");
  found.stack_bytes = number(kernel, ".private_segment_fixed_size");
  found.shared_bytes = number(kernel, ".group_segment_fixed_size");
  found.spills = number(kernel, ".vgpr_spill_count") + number(kernel, ".sgpr_spill_count");
  return found;
}

}  // namespace

Result<KernelResources> amd_kernel_resources(const ElfImage& elf, std::string_view entry) {
  for (int i = 0; i < elf.num_sections(); ++i) {
    const Elf64_Shdr section = elf.section(i);
    if (section.sh_type != SHT_NOTE) continue;
    const nlohmann::json metadata = metadata_in(elf, section);
    if (!metadata.is_object()) continue;
    const auto kernels = metadata.find("amdhsa.kernels");
    if (kernels == metadata.end() || !kernels->is_array()) continue;
    for (const nlohmann::json& kernel : *kernels) {
      const auto name = kernel.find(".name");
      const auto* text = name == kernel.end() ? nullptr : name->get_ptr<const std::string*>();
      if (text != nullptr && *text == entry) return resources_of(kernel);
    }
  }
  return fail(StatusCode::kInvalidArgument, "no kernel {} in the code object", entry);
}

}  // namespace octet::gpu
