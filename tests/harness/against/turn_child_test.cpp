// Turns: what the child answers to a line, and a child that is none.
#include "src/harness/against/turn_child.h"

#include <gtest/gtest.h>

#include "harness/temporary_folder.h"
#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

/// The answers of a child to `lines`, its first line left out.
std::vector<std::string> answers(const std::string& lines, const MeasureTurn& measure) {
  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  std::fwrite(lines.data(), 1, lines.size(), in);
  std::rewind(in);
  EXPECT_TRUE(serve_turns(in, out, {{"schema", 1}}, measure).ok());
  std::rewind(out);
  std::vector<std::string> said;
  for (std::string line; read_line(out, line);) said.push_back(line);
  std::fclose(in);
  std::fclose(out);
  EXPECT_EQ(said.at(0), "{\"turns\":1,\"environment\":{\"schema\":1}}");
  said.erase(said.begin());
  return said;
}

TEST(ServeTurns, MeasuresAsTheLineSays) {
  std::vector<Turn> asked;
  const auto said = answers(
      "{\"budget_us\":500,\"samples\":4,\"check\":true}\n{\"budget_us\":0,\"samples\":1,\"floor\":"
      "true}\n",
      [&](const Turn& turn) -> Result<std::vector<Measurement>> {
        asked.push_back(turn);
        if (asked.size() == 2) return fail(StatusCode::kInternal, "v1 is wrong");
        return std::vector<Measurement>(2);
      });
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].budget_us, 500);
  EXPECT_EQ(asked[0].min_samples, 4);
  EXPECT_TRUE(asked[0].check && !asked[0].floor);
  EXPECT_TRUE(!asked[1].check && asked[1].floor);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(parse_json(said[0], "answer").value()["rows"].size(), 2u);
  EXPECT_EQ(said[1], "{\"error\":\"v1 is wrong\"}");
}

TEST(ServeTurns, RefusesWhatIsNoTurn) {
  const auto never = [](const Turn&) -> Result<std::vector<Measurement>> {
    ADD_FAILURE() << "measured";
    return std::vector<Measurement>();
  };
  for (const std::string line :
       {"{\"samples\":1}", "{\"budget_us\":-1,\"samples\":1}",
        "{\"budget_us\":\"x\",\"samples\":1}", "{\"budget_us\":2e12,\"samples\":1}",
        "{\"budget_us\":1,\"samples\":0}", "[]", "nonsense"}) {
    const auto said = answers(line + "\n", never);
    ASSERT_EQ(said.size(), 1u) << line;
    EXPECT_TRUE(said[0].starts_with("{\"error\":")) << said[0];
  }
  EXPECT_EQ(answers("{\"budget_us\":1,\"samples\":0}\n", never)[0],
            "{\"error\":\"a turn is {\\\"budget_us\\\":1,\\\"samples\\\":0}: 'samples' must be a "
            "number from 1 to 1e12\"}");
}

TEST(TurnChild, AProgramWithoutTurnsIsNotSupported) {
  for (const char* program : {"/bin/true", "/bin/echo", "/no/such/program"}) {
    auto child = TurnChild::start({program, "{\"turns\":2}"});
    ASSERT_TRUE(child.ok()) << child.status().message();
    EXPECT_EQ(child->ready().code(), StatusCode::kUnsupported) << program;
  }
}

TEST(TurnChild, SaysWhyAChildEndedOrAnsweredNonsense) {
  const std::string hello = "echo '{\"turns\":1,\"environment\":{}}'; read line; ";
  const auto after = [&](const std::string& then) {
    auto child = TurnChild::start({"/bin/sh", "-c", hello + then});
    EXPECT_TRUE(child.ok() && child->ready().ok());
    return std::string(child->measure({}).status().message());
  };
  EXPECT_EQ(after("exit 7"), "its process ended with code 7");
  EXPECT_EQ(after("echo '{\"error\":\"out of luck\"}'"), "out of luck");
  EXPECT_EQ(after("echo '{\"rows\":3}'"), "a turn without rows");
  EXPECT_EQ(after("echo 17"), "turn: 17 is no object");
}

}  // namespace
}  // namespace octet::harness
