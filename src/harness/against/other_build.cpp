#include "src/harness/against/other_build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"
#include "src/harness/process.h"

namespace octet::harness {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

bool is_program(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

/// The last lines of what a program printed.
std::string tail_of(const Ended& ended, size_t lines) {
  const Words all = split(std::string(trim(ended.out + "\n" + ended.err)), '\n');
  const size_t first = all.size() - std::min(all.size(), lines);
  return join(std::span(all).subspan(first), "\n");
}

Status must_run(const Words& words) {
  OCTET_TRY(const Ended ended, run_process(words));
  if (ended.code == 0) return Status::Ok();
  return fail(StatusCode::kBackend, "{} failed with code {}:\n{}", join(words, " "), ended.code,
              tail_of(ended, 20));
}

Result<std::string> commit_of(const std::string& revision) {
  const auto ended = run_process(
      {"git", "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  OCTET_REQUIRE(ended.ok(), "--against {}: no such program, and git cannot be started: {}",
                revision, ended.status().message());
  OCTET_REQUIRE(ended->code == 0,
                "--against {}: neither a program nor a revision of the repository of this folder",
                revision);
  return std::string(trim(ended->out));
}

bool has_ninja() {
  const auto ended = run_process({"ninja", "--version"});
  return ended.ok() && ended->code == 0;
}

Status build(const std::string& commit, const fs::path& folder) {
  // Why build/ inside: compiler caches that know sources by relative path find what a developer's
  // own build folder left there.
  const std::string sources = folder.string(), binary = (folder / "build").string();
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (error) return fail(StatusCode::kIo, "{}: {}", folder.parent_path().string(), error.message());
  if (!fs::exists(folder / "CMakeLists.txt", error)) {
    OCTET_CHECK_OK(must_run({"git", "worktree", "add", "--force", "--detach", sources, commit}));
  }
  Words configure{"cmake", "-S", sources, "-B", binary, "-DOCTET_BUILD_TESTS=OFF"};
  configure.push_back(fmt::format("-DCMAKE_BUILD_TYPE={}", build_type()));
  configure.push_back(fmt::format("-DOCTET_TARGETS={}", build_targets()));
  if (has_ninja()) configure.insert(configure.end(), {"-G", "Ninja"});
  OCTET_CHECK_OK(must_run(configure));
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  return must_run({"cmake", "--build", binary, "--target", "octet_command", "--parallel",
                   std::to_string(threads)});
}

}  // namespace

Result<OtherBuild> other_build(const std::string& spec, const std::string& cache) {
  if (is_program(spec)) {
    std::error_code error;
    const fs::path path = fs::canonical(spec, error);
    return OtherBuild{error ? spec : path.string(), spec};
  }
  OCTET_TRY(const std::string commit, commit_of(spec));
  const std::string settings =
      fmt::format("{} {} {}", build_targets(), build_type(), build_compiler());
  const fs::path folder =
      fs::path(cache) /
      fmt::format("{}-{:08x}", commit.substr(0, 12), static_cast<uint32_t>(hash_bytes(settings)));
  OtherBuild other{(folder / "build" / "octet").string(),
                   fmt::format("{} ({})", spec, commit.substr(0, 12))};
  if (is_program(other.binary)) return other;
  fmt::print(stderr, "octet: building {} in {}\n", other.name, folder.string());
  OCTET_CHECK_OK(build(commit, folder));
  if (is_program(other.binary)) return other;
  return fail(StatusCode::kBackend, "--against {}: built, but {} is not there", spec, other.binary);
}

}  // namespace octet::harness
