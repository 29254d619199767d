#include "src/core/text.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace octet {
namespace {

using Words = std::vector<std::string>;
namespace fs = std::filesystem;

TEST(Text, SplitTrimJoin) {
  EXPECT_EQ(split("a,b,,c", ','), (Words{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ','), Words{""});
  EXPECT_EQ(split("a,", ','), (Words{"a", ""}));
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \r\n"), "");
  EXPECT_EQ(join(Words{"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join(Words{}, ", "), "");
}

TEST(Text, ParseInt) {
  EXPECT_EQ(parse_int("-12").value(), -12);
  EXPECT_EQ(parse_int("9223372036854775807").value(), INT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "9223372036854775808", "one"}) {
    const auto number = parse_int(text);
    EXPECT_EQ(number.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(number.status().message().find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(Text, ParseDouble) {
  EXPECT_EQ(parse_double("16.1284").value(), 16.1284);
  EXPECT_EQ(parse_double("-1e-3").value(), -0.001);
  for (const char* text : {"", "1,5", "1.5us", "--1", "1e999", " 1"}) {
    EXPECT_EQ(parse_double(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(Text, DidYouMean) {
  const Words words{"gemm_blockscale", "gemm_mxfp8", "quantize"};
  EXPECT_EQ(nearest_word("gemm_blokscale", words), "gemm_blockscale");
  EXPECT_EQ(nearest_word("quantise", words), "quantize");
  EXPECT_EQ(nearest_word("attention", words), "");
  EXPECT_EQ(did_you_mean("quantise", words), " (did you mean 'quantize'?)");
  EXPECT_EQ(did_you_mean("x", Words{}), "");
}

TEST(Text, MixDependsOnOrder) {
  EXPECT_NE(mix(mix(0, 1), 2), mix(mix(0, 2), 1));
  EXPECT_NE(hash_bytes("ab"), hash_bytes("ba"));
  EXPECT_NE(hash_bytes(""), hash_bytes(std::string_view("\0", 1)));
  EXPECT_EQ(hash_bytes("abc"), hash_bytes("abc"));
}

TEST(Text, UtcNowHasIsoForm) {
  const std::string now = utc_now();
  ASSERT_EQ(now.size(), 20u);
  EXPECT_EQ(now.substr(0, 2), "20");
  EXPECT_EQ(now[10], 'T');
  EXPECT_EQ(now[19], 'Z');
}

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/octet_text_" + std::to_string(::getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  size_t num_files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  std::string folder_;
};

TEST_F(FileTest, WriteReadAndReplace) {
  const std::string content("a\0b\nc", 5);
  ASSERT_TRUE(write_file(path("f"), content).ok());
  EXPECT_EQ(read_file(path("f")).value(), content);
  ASSERT_TRUE(write_file(path("f"), "").ok());
  EXPECT_EQ(read_file(path("f")).value(), "");
  EXPECT_EQ(num_files(), 1u) << "no partial file stays";
}

TEST_F(FileTest, ErrorsNameThePath) {
  EXPECT_EQ(read_file(path("none")).status().code(), StatusCode::kIo);
  const Status status = write_file(path("none/f"), "x");
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_NE(status.message().find(path("none/f")), std::string::npos);
  ASSERT_TRUE(write_file(path("f"), "x").ok());
  EXPECT_EQ(write_file(path("f/g"), "x").code(), StatusCode::kIo) << "the folder is a file";
  EXPECT_EQ(write_file(folder_, "x").code(), StatusCode::kIo) << "the path is a folder";
}

TEST_F(FileTest, AnUnwritableFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  ::chmod(folder_.c_str(), 0555);
  EXPECT_EQ(write_file(path("f"), "x").code(), StatusCode::kIo);
  ::chmod(folder_.c_str(), 0755);
  EXPECT_EQ(num_files(), 0u);
}

/// Files of this process may not grow past `bytes` while it lives: a disk that gets full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit old_{};
};

TEST_F(FileTest, AWriteThatFailsHalfwayLeavesTheOldContent) {
  ASSERT_TRUE(write_file(path("f"), "old").ok());
  Status status;
  {
    const FileSizeLimit limit(4096);
    status = write_file(path("f"), std::string(10000, 'x'));
  }
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_EQ(read_file(path("f")).value(), "old");
  EXPECT_EQ(num_files(), 1u) << "the partial file is removed";
}

TEST_F(FileTest, DevicesAndPipesAreNotReplaced) {
  EXPECT_TRUE(write_file("/dev/null", "x").ok());
  EXPECT_EQ(write_file("/dev/full", "x").code(), StatusCode::kIo) << "no space left";
  struct stat info;
  ASSERT_EQ(::stat("/dev/full", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

}  // namespace
}  // namespace octet
