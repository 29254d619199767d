// What a result says of machine and build.
#include "src/harness/measure/environment.h"

#include <gtest/gtest.h>

namespace octet::harness {
namespace {

TEST(Environment, SaysDeviceMachineAndBuild) {
  const Json facts = environment_json(device_profile("x86_avx2:3").value());
  EXPECT_EQ(facts.at("schema"), 1);
  EXPECT_EQ(facts.at("device"), "x86_avx2");
  EXPECT_EQ(facts.at("arch"), "x86_avx2");
  EXPECT_EQ(facts.at("cu_num"), 3);
  for (const char* key : {"os", "compiler", "targets", "build_type", "commit", "build", "time"}) {
    EXPECT_FALSE(facts.at(key).get<std::string>().empty()) << key;
  }
  EXPECT_TRUE(facts.at("cpu").is_string());
  EXPECT_EQ(facts.at("commit"), build_commit());
  EXPECT_EQ(facts.at("build"), build_id());
}

TEST(Environment, TheIdIsTheSameForTheSameAndAnotherForAnother) {
  const auto id = [](const char* profile) {
    return environment_json(device_profile(profile).value()).at("env").get<std::string>();
  };
  EXPECT_EQ(id("generic").size(), 8u);
  EXPECT_EQ(id("generic"), id("generic"));
  EXPECT_NE(id("generic"), id("generic:3"));
  EXPECT_NE(id("generic"), id("x86_avx2"));
}

TEST(Environment, TheBuildIsAHashOfThisProgram) {
  EXPECT_EQ(build_id().size(), 16u);
  EXPECT_EQ(build_id().find_first_not_of("0123456789abcdef"), std::string::npos);
}

}  // namespace
}  // namespace octet::harness
