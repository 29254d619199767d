// llvm-objdump's text, line by line:
//   0000000000003400 <entry>:
//   \tv_bfe_u32 v1, v0, 4, 2       // 000000003408: D1C80001 02090900
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <unordered_map>

#include "tests/amdgcn/code_object.h"
#include "tests/amdgcn/error.h"

namespace octet::amdgcn {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const std::byte> bytes) {
    path_ = (std::filesystem::temp_directory_path() / "amdgcn_XXXXXX").string();
    const int file = mkstemp(path_.data());
    if (file < 0) fail("no temporary file {}", path_);
    const bool written =
        write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    close(file);
    if (!written) fail("cannot write {}", path_);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) fail("cannot run {}", command);
  std::string text;
  char buffer[1 << 16];
  while (const size_t count = fread(buffer, 1, sizeof buffer, pipe.get())) {
    text.append(buffer, count);
  }
  return text;
}

uint64_t parse_hex(std::string_view digits) {
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == text.npos ? std::string_view() : text.substr(first, last - first + 1);
}

/// " 000000003408: D1C80001 02090900 <target>": the address, and the bytes by counting words.
void read_place(std::string_view place, Instruction& i) {
  place = trim(place);
  const size_t colon = place.find(':');
  i.address = parse_hex(place.substr(0, colon));
  std::string_view words = place.substr(colon + 1);
  words = trim(words.substr(0, words.find('<')));
  i.bytes = static_cast<uint8_t>(4 * ((words.size() + 1) / 9));
}

void resolve_branches(Function& function) {
  std::unordered_map<uint64_t, uint32_t> index;
  for (uint32_t n = 0; n < function.instructions.size(); ++n) {
    index[function.instructions[n].address] = n;
  }
  for (Instruction& i : function.instructions) {
    if (!i.text.starts_with("s_branch") && !i.text.starts_with("s_cbranch")) continue;
    const int64_t words = static_cast<int16_t>(i.operand(0).literal);
    const auto target = index.find(i.address + 4 + static_cast<uint64_t>(4 * words));
    if (target == index.end()) {
      i.problem = "branch out of the function";
    } else {
      i.target = target->second;
    }
  }
}

}  // namespace

std::vector<Function> disassemble(std::span<const std::byte> image) {
  const TemporaryFile file(image);
  const std::string text = output_of(std::string(OCTET_LLVM_OBJDUMP) + " -d " + file.path());
  std::vector<Function> functions;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const size_t open = line.find(" <");
    if (!line.starts_with('\t') && open != line.npos && line.ends_with(">:")) {
      functions.push_back({std::string(line.substr(open + 2, line.size() - open - 4)), {}});
      continue;
    }
    const size_t comment = line.rfind("// ");
    if (!line.starts_with('\t') || comment == line.npos || functions.empty()) continue;
    Instruction i = decode(trim(line.substr(0, comment)));
    read_place(line.substr(comment + 3), i);
    functions.back().instructions.push_back(std::move(i));
  }
  if (functions.empty()) fail("{} said nothing of the code object", OCTET_LLVM_OBJDUMP);
  for (Function& function : functions) resolve_branches(function);
  return functions;
}

}  // namespace octet::amdgcn
