// Peers are files beside the program; what is none is refused with a reason.
#include "src/harness/measure/peer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "harness/tune/tune_testing.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using testing_tune::problem;

TEST(Peer, AnUnknownNameListsWhatIsThere) {
  const Status status = make_peer("mkl", problem(1), 1).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.message().starts_with("no peer 'mkl'")) << status.message();
  EXPECT_NE(status.message().find("; present: "), std::string::npos) << status.message();
  EXPECT_FALSE(make_peer("../evil", problem(1), 1).ok()) << "no paths";
}

TEST(Peer, AFileThatIsNoModule) {
  const std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string name = "bogus" + std::to_string(::getpid());
  const std::string path = folder / ("octet_peer_" + name + ".so");
  ASSERT_TRUE(write_file(path, "not a module\n").ok());
  const std::vector<std::string> names = peer_names();
  const Status status = make_peer(name, problem(1), 1).status();
  std::filesystem::remove(path);
  EXPECT_EQ(std::count(names.begin(), names.end(), name), 1);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  EXPECT_TRUE(status.message().starts_with(path + ": ")) << status.message();
  const std::vector<std::string> after = peer_names();
  EXPECT_EQ(std::count(after.begin(), after.end(), name), 0);
}

}  // namespace
}  // namespace octet::harness
