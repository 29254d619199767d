// The other build: a program that is there, a revision of a small repository, and what is neither.
#include "src/harness/against/other_build.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/temporary_folder.h"
#include "src/core/text.h"
#include "src/harness/process.h"

namespace octet::harness {
namespace {

namespace fs = std::filesystem;

/// A repository whose CMake project "builds" a shell script as its octet command.
class OtherBuildTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = fs::current_path();
    fs::create_directories(repository_);
    fs::current_path(repository_);
    commit("first");
    git({"tag", "v1"});
    commit("second");
  }
  void TearDown() override { fs::current_path(before_); }

  void git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-c", "user.name=t", "-c", "user.email=t@t.invalid"});
    const auto ended = run_process(words);
    ASSERT_TRUE(ended.ok() && ended->code == 0) << join(words, " ");
  }
  void commit(const std::string& says) {
    ASSERT_TRUE(
        write_file("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.22)\nproject(toy NONE)\n"
                   "file(WRITE ${CMAKE_BINARY_DIR}/script \"#!/bin/sh\\necho " +
                       says +
                       "\\n\")\nadd_custom_target(octet_command COMMAND ${CMAKE_COMMAND} -E "
                       "copy script octet COMMAND chmod +x octet WORKING_DIRECTORY "
                       "${CMAKE_BINARY_DIR})\n")
            .ok());
    if (says == "first") git({"init", "-q"});
    git({"add", "."});
    git({"commit", "-q", "-m", says});
  }
  std::string says(const OtherBuild& other) { return run_process({other.binary})->out; }

  testing_files::TemporaryFolder folder_;
  std::string repository_ = folder_.file("repository"), cache_ = folder_.file("cache");
  fs::path before_;
};

TEST_F(OtherBuildTest, BuildsARevisionOnce) {
  const auto other = other_build("v1", cache_);
  ASSERT_TRUE(other.ok()) << other.status().message();
  EXPECT_TRUE(other->name.starts_with("v1 (")) << other->name;
  EXPECT_EQ(says(*other), "first\n");
  const auto built = fs::last_write_time(other->binary);
  EXPECT_EQ(fs::last_write_time(other_build("v1", cache_)->binary), built) << "built again";
  EXPECT_EQ(says(*other_build("HEAD", cache_)), "second\n");
  EXPECT_TRUE(fs::exists("CMakeLists.txt")) << "the checkout is left alone";
}

TEST_F(OtherBuildTest, AProgramIsTakenAsItIs) {
  const auto other = other_build("/bin/sh", cache_);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->name, "/bin/sh");
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(OtherBuildTest, RefusesWhatIsNeither) {
  for (const char* neither : {"nonsense", "--help", "", "CMakeLists.txt"}) {
    const auto other = other_build(neither, cache_);
    EXPECT_EQ(other.status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(other.status().message(),
              std::string("--against ") + neither +
                  ": neither a program nor a revision of the repository of this folder");
  }
}

TEST_F(OtherBuildTest, ABuildThatFailsSaysWhy) {
  ASSERT_TRUE(write_file("CMakeLists.txt", "message(FATAL_ERROR \"no luck\")\n").ok());
  git({"commit", "-q", "-a", "-m", "broken"});
  const auto other = other_build("HEAD", cache_);
  EXPECT_EQ(other.status().code(), StatusCode::kBackend);
  EXPECT_NE(other.status().message().find("no luck"), std::string::npos)
      << other.status().message();
}

}  // namespace
}  // namespace octet::harness
