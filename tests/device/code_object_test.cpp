// What embedded code objects say of their kernels.
#include "src/device/code_object.h"

#include <gtest/gtest.h>

#include <vector>

#include "device/small_elf.h"
#include "src/ops/registry.h"

namespace octet {
namespace {

/// Some CUDA kernels have arrays on the stack; spills, which would lie there too, fail the build
/// (cmake/cuda.cmake). AMD kernels have neither.
TEST(CodeObject, EveryVariantOfAGpuSaysWhatItTakes) {
  for (const select::Op* op : ops::all()) {
    for (const select::Variant& variant : op->variants()) {
      if (is_cpu(variant.arch) || !variant.built) continue;
      ASSERT_NE(variant.device_code, nullptr) << op->name() << " " << variant.name;
      const auto kernels = variant.device_code(variant.config);
      ASSERT_FALSE(kernels.empty()) << variant.name;
      for (const Arch arch : {Arch::kSm90, Arch::kGfx942, Arch::kGfx950}) {
        if (!arch_runs(arch, variant.arch) || !variant.built_on(arch)) continue;
        const auto found = gpu::kernel_resources(kernels, arch);
        ASSERT_TRUE(found.ok()) << variant.name << ": " << found.status().message();
        EXPECT_GT(found->registers, 0) << variant.name;
        EXPECT_LE(found->registers, arch == Arch::kSm90 ? 255 : 512) << variant.name;
        EXPECT_LE(found->stack_bytes, arch == Arch::kSm90 ? 64 : 0)
            << op->name() << " " << variant.name;
        EXPECT_EQ(found->spills, 0) << variant.name;
      }
    }
  }
}

/// A code object of two kernels, with nothing else in it: `taken` registers and bytes of stack.
class TwoKernels : public SmallElf {
 public:
  TwoKernels() {
    const uint64_t names = text(std::string("\0.nv.info\0.nv.shared.b\0.symtab\0a\0b\0", 35));
    const uint64_t symbols = size();
    symbol(0, 0), symbol(31, 2), symbol(33, 2);  // none, a, b
    const uint64_t info = size();
    record(0x2f, 1, 40), record(0x11, 1, 0), record(0x2f, 2, 255), record(0x11, 2, 96);
    const uint64_t sections = size();
    section(0, 0, 0, 0, 0);
    section(0, 3, names, 35, 0);
    section(1, 0x70000000, info, sections - info, 0);
    section(23, 2, symbols, info - symbols, 1);
    section(10, 8, 0, 1024 + 48, 0);
    finish(190, sections, 5, 1);
  }

 private:
  void symbol(uint32_t name, uint8_t type) {
    put(name), put(type), put(uint8_t{0}), put(uint16_t{0}), put(uint64_t{0}), put(uint64_t{0});
  }
  void record(uint8_t attribute, uint32_t function, uint32_t value) {
    put(uint8_t{4}), put(attribute), put(uint16_t{8}), put(function), put(value);
  }
};

TEST(CodeObject, RegistersStackAndSharedMemoryAreAKernelsOwn) {
  const TwoKernels object;
  const auto a = gpu::kernel_resources(object.image(), "a");
  ASSERT_TRUE(a.ok()) << a.status().message();
  EXPECT_EQ(a->registers, 40);
  EXPECT_EQ(a->stack_bytes, 0);
  EXPECT_EQ(a->shared_bytes, 0);
  const auto b = gpu::kernel_resources(object.image(), "b");
  ASSERT_TRUE(b.ok()) << b.status().message();
  EXPECT_EQ(b->registers, 255);
  EXPECT_EQ(b->stack_bytes, 96);
  EXPECT_EQ(b->shared_bytes, 48);
}

TEST(CodeObject, TheLargestOfSeveralKernels) {
  const TwoKernels object;
  const gpu::CodeObject code{"two", object.image()};
  const gpu::Kernel kernels[] = {gpu::Kernel(code, "a", 0), gpu::Kernel(code, "b", 0)};
  const auto most = gpu::kernel_resources(kernels, Arch::kSm90);
  ASSERT_TRUE(most.ok());
  EXPECT_EQ(most->registers, 255);
  EXPECT_EQ(most->stack_bytes, 96);
  const auto absent = gpu::kernel_resources(kernels, Arch::kGfx950);
  EXPECT_EQ(absent.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(absent.status().message(), "code object two for gfx950: not in this build");
}

TEST(CodeObject, RefusesWhatIsNone) {
  const TwoKernels object;
  const auto none = gpu::kernel_resources(object.image(), "c");
  EXPECT_EQ(none.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(none.status().message(), "no kernel c in the code object");
  const std::vector<unsigned char> other(64, 7);
  EXPECT_EQ(gpu::kernel_resources(other.data(), "a").status().message(), "no ELF64 code object");
}

}  // namespace
}  // namespace octet
