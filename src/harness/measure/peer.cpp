#include "src/harness/measure/peer.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>

#include "peers/peer_module.h"
#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

constexpr std::string_view kPrefix = "octet_peer_";
constexpr std::string_view kSuffix = ".so";

std::filesystem::path folder() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return std::filesystem::path(std::string(path, static_cast<size_t>(std::max<ssize_t>(0, length))))
      .parent_path();
}

class Module : public PeerInstance {
 public:
  Module(void* instance, OctetPeerRun runs, OctetPeerClose closes)
      : instance_(instance), run_(runs), close_(closes) {}
  ~Module() override { close_(instance_); }
  Status run(int64_t iteration) override {
    if (run_(instance_, iteration) == 0) return Status::Ok();
    return fail(StatusCode::kBackend, "the peer failed in its run");
  }

 private:
  void* instance_;
  OctetPeerRun run_;
  OctetPeerClose close_;
};

}  // namespace

std::vector<std::string> peer_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder(), error)) {
    const std::string file = entry.path().filename();
    if (!file.starts_with(kPrefix) || !file.ends_with(kSuffix)) continue;
    names.push_back(file.substr(kPrefix.size(), file.size() - kPrefix.size() - kSuffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<PeerInstance>> make_peer(const std::string& name,
                                                const select::Problem& problem, int threads) {
  const std::vector<std::string> names = peer_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    return fail(StatusCode::kInvalidArgument, "no peer '{}'{}; present: {}", name,
                did_you_mean(name, names), names.empty() ? "none" : join(names, " "));
  }
  const std::string path = folder() / fmt::format("{}{}{}", kPrefix, name, kSuffix);
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) return fail(StatusCode::kBackend, "{}: {}", path, ::dlerror());
  const auto open = reinterpret_cast<OctetPeerOpen>(::dlsym(module, "octet_peer_open"));
  const auto run = reinterpret_cast<OctetPeerRun>(::dlsym(module, "octet_peer_run"));
  const auto close = reinterpret_cast<OctetPeerClose>(::dlsym(module, "octet_peer_close"));
  if (!open || !run || !close) return fail(StatusCode::kBackend, "{}: not a peer module", path);
  char error[256] = "";
  constexpr int64_t kRotateBytes = int64_t{1} << 30;
  void* instance =
      open(problem.field[0], problem.field[1], problem.field[2], threads, kRotateBytes, error);
  if (instance == nullptr) return fail(StatusCode::kUnsupported, "{}: {}", name, error);
  return std::unique_ptr<PeerInstance>(new Module(instance, run, close));
}

}  // namespace octet::harness
