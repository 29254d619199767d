// Calls that a program compared with what they must give.
#pragma once

#include <cstdio>
#include <string>

namespace octet::bench {

struct Tally {
  int checked = 0, wrong = 0;
  void add(bool right, const std::string& what) {
    ++checked;
    if (right) return;
    ++wrong;
    std::printf("WRONG: %s\n", what.c_str());
  }
  void say(const std::string& done) const {
    std::printf("%s: %d calls so far, %d wrong\n", done.c_str(), checked, wrong);
  }
};

}  // namespace octet::bench
