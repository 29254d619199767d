// write_file: whole or not at all, through links, with the mode of what was there, on disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "src/core/text.h"

namespace {

std::vector<std::string> synced;  // what fsync was called for, by path

}  // namespace

/// In place of the C library's: notes the file and does what that does.
extern "C" int fsync(int file) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  synced.emplace_back(path, static_cast<size_t>(std::max<ssize_t>(0, length)));
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace octet {
namespace {

namespace fs = std::filesystem;

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

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST_F(FileTest, TheModeOfAnExistingFileStays) {
  for (const mode_t mode : {0600, 0640, 0664, 0444, 0755}) {
    ASSERT_TRUE(write_file(path("f"), "old").ok());
    ::chmod(path("f").c_str(), mode);
    ASSERT_TRUE(write_file(path("f"), "new").ok());
    EXPECT_EQ(mode_of(path("f")), mode);
    EXPECT_EQ(read_file(path("f")).value(), "new");
  }
}

TEST_F(FileTest, ANewFileHasTheModeThatTheUmaskGives) {
  const mode_t old = ::umask(027);
  EXPECT_TRUE(write_file(path("f"), "x").ok());
  ::umask(old);
  EXPECT_EQ(mode_of(path("f")), 0640u);
}

TEST_F(FileTest, ALinkStaysALinkAndItsTargetIsReplaced) {
  fs::create_directories(path("far"));
  ASSERT_TRUE(write_file(path("far/f"), "old").ok());
  fs::create_symlink("far/f", path("link"));  // relative to the link's folder
  fs::create_symlink(path("link"), path("link_to_link"));
  ASSERT_TRUE(write_file(path("link_to_link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(path("link_to_link")));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_FALSE(fs::is_symlink(path("far/f")));
  EXPECT_EQ(read_file(path("far/f")).value(), "new");
}

TEST_F(FileTest, ALinkToNothingLeadsToANewFileAndALoopIsAnError) {
  fs::create_symlink("target", path("link"));
  ASSERT_TRUE(write_file(path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_file(path("target")).value(), "new");
  fs::create_symlink("loop", path("loop"));
  const Status status = write_file(path("loop"), "x");
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_EQ(status.message(), path("loop") + ": Too many levels of symbolic links");
}

TEST_F(FileTest, ALinkInTheWayOfAGuessedNameLeadsNowhere) {
  ASSERT_TRUE(write_file(path("victim"), "mine").ok());
  fs::create_symlink("victim", path("f.partial." + std::to_string(::getpid())));
  ASSERT_TRUE(write_file(path("f"), "new").ok());
  EXPECT_EQ(read_file(path("victim")).value(), "mine");
  EXPECT_FALSE(fs::is_symlink(path("f")));
  EXPECT_EQ(read_file(path("f")).value(), "new");
}

TEST_F(FileTest, TheFileAndThenItsFolderAreSynced) {
  synced.clear();
  ASSERT_TRUE(write_file(path("f"), "x").ok());
  ASSERT_EQ(synced.size(), 2u);
  EXPECT_TRUE(synced[0].starts_with(fs::canonical(folder_).string() + "/f.")) << synced[0];
  EXPECT_EQ(synced[1], fs::canonical(folder_).string());
}

TEST_F(FileTest, InTheWorkingFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const Status status = write_file("f", "x");
  fs::current_path(before);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(read_file(path("f")).value(), "x");
}

}  // namespace
}  // namespace octet
