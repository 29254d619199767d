// Code objects of clang: kernels and what they say of themselves.
#include "tests/amdgcn/code_object.h"

#include <gtest/gtest.h>

#include "tests/amdgcn/kernels/gemm_args.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

TEST(CodeObject, ReadsKernelsAndDescriptors) {
  for (const char* arch : {"gfx942", "gfx950"}) {
    const auto code = load_code(std::string("gemm.") + arch + ".0.co");
    EXPECT_EQ(code->arch(), arch);
    const KernelCode* kernel = code->find("octet_test_tile");
    ASSERT_NE(kernel, nullptr);
    EXPECT_EQ(kernel->lds_bytes, 2u * 64 * 128);
    EXPECT_EQ(kernel->max_workgroup, 256u);
    EXPECT_EQ(kernel->explicit_kernarg_bytes, sizeof(GemmArgs));
    EXPECT_TRUE(kernel->workgroup_id[0] && kernel->workgroup_id[1]);
    EXPECT_EQ(kernel->problem, "");
    EXPECT_EQ(kernel->instructions.back().problem, "");
    EXPECT_TRUE(code->problems().empty());
    EXPECT_EQ(code->find("octet_test"), nullptr);
    EXPECT_EQ(code, load_code(std::string("gemm.") + arch + ".0.co"));  // kept
  }
  EXPECT_EQ(load_code("gemm.gfx942.0.co")->find("octet_test_mx"), nullptr);
  EXPECT_NE(load_code("gemm.gfx950.0.co")->find("octet_test_mx"), nullptr);
}

TEST(CodeObject, RefusesOtherFiles) {
  std::vector<std::byte> bytes(200);
  EXPECT_ERROR(CodeObject::load(bytes), "no ELF64 code object");
  EXPECT_ERROR(CodeObject::load(std::span(bytes).first(10)), "ends before");
}

}  // namespace
}  // namespace octet::amdgcn
