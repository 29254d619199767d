// What embedded code objects say of their kernels.
#include "src/device/code_object.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "src/ops/registry.h"

namespace octet {
namespace {

/// Some kernels have arrays on the stack; spills, which would lie there too, fail the build
/// (cmake/cuda.cmake).
TEST(CodeObject, EveryVariantOfAGpuSaysWhatItTakes) {
  for (const select::Op* op : ops::all()) {
    for (const select::Variant& variant : op->variants()) {
      if (variant.arch != Arch::kSm90 || !variant.built) continue;
      ASSERT_NE(variant.device_code, nullptr) << op->name() << " " << variant.name;
      const auto kernels = variant.device_code(variant.config);
      ASSERT_FALSE(kernels.empty()) << variant.name;
      const auto found = gpu::kernel_resources(kernels);
      ASSERT_TRUE(found.ok()) << variant.name << ": " << found.status().message();
      EXPECT_GT(found->registers, 0) << variant.name;
      EXPECT_LE(found->registers, 255) << variant.name;
      EXPECT_LE(found->stack_bytes, 64) << op->name() << " " << variant.name;
    }
  }
}

/// A code object of two kernels, with nothing else in it: `taken` registers and bytes of stack.
class TwoKernels {
 public:
  TwoKernels() : bytes_(64) {
    const uint64_t names = text(std::string("\0.nv.info\0.nv.shared.b\0.symtab\0a\0b\0", 35));
    const uint64_t symbols = bytes_.size();
    symbol(0, 0), symbol(31, 2), symbol(33, 2);  // none, a, b
    const uint64_t info = bytes_.size();
    record(0x2f, 1, 40), record(0x11, 1, 0), record(0x2f, 2, 255), record(0x11, 2, 96);
    const uint64_t sections = bytes_.size();
    section(0, 0, 0, 0, 0);
    section(0, 3, names, 35, 0);
    section(1, 0x70000000, info, sections - info, 0);
    section(23, 2, symbols, info - symbols, 1);
    section(10, 8, 0, 1024 + 48, 0);
    std::memcpy(bytes_.data(), "\177ELF\2\1\1", 7);
    std::memcpy(bytes_.data() + 40, &sections, 8);
    const uint16_t count = 5, of_names = 1;
    std::memcpy(bytes_.data() + 60, &count, 2);
    std::memcpy(bytes_.data() + 62, &of_names, 2);
  }
  const unsigned char* image() const { return bytes_.data(); }

 private:
  template <class T>
  void put(T value) {
    const auto* from = reinterpret_cast<const unsigned char*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof value);
  }
  uint64_t text(const std::string& all) {
    const uint64_t at = bytes_.size();
    bytes_.insert(bytes_.end(), all.begin(), all.end());
    return at;
  }
  void symbol(uint32_t name, uint8_t type) {
    put(name), put(type), put(uint8_t{0}), put(uint16_t{0}), put(uint64_t{0}), put(uint64_t{0});
  }
  void record(uint8_t attribute, uint32_t function, uint32_t value) {
    put(uint8_t{4}), put(attribute), put(uint16_t{8}), put(function), put(value);
  }
  void section(uint32_t name, uint32_t type, uint64_t at, uint64_t size, uint32_t link) {
    put(name), put(type), put(uint64_t{0}), put(uint64_t{0}), put(at), put(size), put(link);
    put(uint32_t{0}), put(uint64_t{1}), put(uint64_t{0});
  }
  std::vector<unsigned char> bytes_;
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
  const auto most = gpu::kernel_resources(kernels);
  ASSERT_TRUE(most.ok());
  EXPECT_EQ(most->registers, 255);
  EXPECT_EQ(most->stack_bytes, 96);
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
