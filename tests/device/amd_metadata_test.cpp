// Metadata notes of AMD code objects.
#include "src/device/amd_metadata.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "device/small_elf.h"

namespace octet::gpu {
namespace {

using Json = nlohmann::json;

/// A code object for AMD with one section of notes: another owner's, then `metadata`.
class NotedObject : public SmallElf {
 public:
  explicit NotedObject(const std::vector<uint8_t>& metadata, uint32_t type = 32) {
    const uint64_t names = text(std::string("\0.note\0", 7));
    text("\0");  // to a multiple of 4 by words
    while (size() % 4 != 0) put(uint8_t{0});
    const uint64_t notes = size();
    note("GNU", 32, {1, 2, 3, 4, 5});
    note("AMDGPU", type, metadata);
    const uint64_t sections = size();
    section(0, 0, 0, 0, 0);
    section(0, 3, names, 7, 0);
    section(1, 7, notes, sections - notes, 0);
    finish(224, sections, 3, 1);
  }

 private:
  void note(const std::string& owner, uint32_t type, const std::vector<uint8_t>& content) {
    put(static_cast<uint32_t>(owner.size() + 1)), put(static_cast<uint32_t>(content.size()));
    put(type);
    text(owner + '\0');
    while (size() % 4 != 0) put(uint8_t{0});
    text({content.begin(), content.end()});
    while (size() % 4 != 0) put(uint8_t{0});
  }
};

Json kernels() {
  return {{"amdhsa.kernels",
           {{{".name", "a"}, {".vgpr_count", 40}, {".sgpr_count", 30}},
            {{".name", "b"},
             {".vgpr_count", 325},
             {".agpr_count", 72},
             {".sgpr_count", 55},
             {".sgpr_spill_count", 2},
             {".vgpr_spill_count", 11},
             {".private_segment_fixed_size", 48},
             {".group_segment_fixed_size", 65536}}}},
          {"amdhsa.target", "amdgcn-amd-amdhsa--gfx942"}};
}

Result<KernelResources> resources(const NotedObject& object, const char* entry) {
  return kernel_resources(object.image(), entry);
}

TEST(AmdMetadata, WhatAKernelTakes) {
  const NotedObject object(Json::to_msgpack(kernels()));
  const auto a = resources(object, "a");
  ASSERT_TRUE(a.ok()) << a.status().message();
  EXPECT_EQ(a->registers, 40);
  EXPECT_EQ(a->accumulators, 0);
  EXPECT_EQ(a->shared_bytes, 0);
  const auto b = resources(object, "b");
  ASSERT_TRUE(b.ok()) << b.status().message();
  EXPECT_EQ(b->registers, 325);
  EXPECT_EQ(b->accumulators, 72);
  EXPECT_EQ(b->scalars, 55);
  EXPECT_EQ(b->spills, 13);
  EXPECT_EQ(b->stack_bytes, 48);
  EXPECT_EQ(b->shared_bytes, 65536);
}

TEST(AmdMetadata, RefusesWhatIsNotThere) {
  const std::vector<uint8_t> good = Json::to_msgpack(kernels());
  EXPECT_EQ(resources(NotedObject(good), "c").status().message(), "no kernel c in the code object");
  EXPECT_FALSE(resources(NotedObject(good, 1), "a").ok()) << "a note of another type";
  EXPECT_FALSE(resources(NotedObject({}), "a").ok());
  EXPECT_FALSE(resources(NotedObject({good.begin(), good.end() - 9}), "a").ok()) << "cut short";
  EXPECT_FALSE(resources(NotedObject(Json::to_msgpack(Json::array({1, 2}))), "a").ok());
  EXPECT_FALSE(resources(NotedObject(Json::to_msgpack({{"amdhsa.kernels", 7}})), "a").ok());
  EXPECT_FALSE(
      resources(NotedObject(Json::to_msgpack({{"amdhsa.kernels", {1, {{".name", 5}}}}})), "a")
          .ok());
}

}  // namespace
}  // namespace octet::gpu
