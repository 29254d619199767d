// Timing by graphs, on the stand-in and its fake clock.
#include "src/harness/gpu/graph_timer.h"

#include "device/stand_in.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

using stand_in::control;

class GraphTimerTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0).value());
  }
  /// A candidate of `launches` launches of 10 us on the fake clock each, that counts its calls.
  Timed candidate(int launches, int64_t& calls) {
    return [this, launches, &calls](int64_t) -> Status {
      static const stand_in::Image image({"test_kernel"});
      static const gpu::CodeObject code{"image", image.data()};
      static const gpu::Kernel kernel(code, "test_kernel", 0);
      ++calls;
      uint64_t parameter[2] = {};
      for (int i = 0; i < launches; ++i) {
        OCTET_CHECK_OK(kernel.launch(*gpu::queue_of(*stream_), {}, parameter));
      }
      return Status::Ok();
    };
  }
  static TimingPolicy policy() { return {3, 5, 1e6, 0}; }

  std::unique_ptr<Stream> stream_;
};

TEST_F(GraphTimerTest, DividesByTheCallsOfAGraphAndRestoresTheContext) {
  int another;
  int64_t one = 0, three = 0;
  ASSERT_TRUE(driver_->set_current_context(&another).ok());
  const int64_t objects = control().objects();
  const auto timings =
      time_graphs(std::vector<Timed>{candidate(1, one), candidate(3, three)}, policy(), *stream_);
  ASSERT_TRUE(timings.ok()) << timings.status().message();
  EXPECT_EQ(driver_->current_context().value(), &another);
  EXPECT_EQ(control().objects(), objects) << "graphs and events are gone";
  EXPECT_EQ(one, 2 + 150) << "two outside the graph, and 1500 us of calls of 10";
  EXPECT_EQ(three, 2 + 50) << "1500 us of calls of 30";
  EXPECT_NEAR(timings->at(0).us, 10, 1e-2);
  EXPECT_NEAR(timings->at(1).us, 30, 1e-2);
  EXPECT_EQ(timings->at(0).samples, 5) << "the first round is not kept";
}

TEST_F(GraphTimerTest, AFailingCandidateIsNamedAndNothingStays) {
  int64_t calls = 0;
  const int64_t objects = control().objects();
  for (const int64_t fails_at : {0, 1, 2}) {  // in the calls before the graph, and in the capture
    int64_t seen = 0;
    const Timed failing = [&](int64_t) -> Status {
      if (seen++ == fails_at) return fail(StatusCode::kUnsupported, "not today");
      return Status::Ok();
    };
    const auto timings =
        time_graphs(std::vector<Timed>{candidate(1, calls), failing}, policy(), *stream_);
    EXPECT_EQ(timings.status().code(), StatusCode::kUnsupported);
    EXPECT_EQ(timings.status().message(), "candidate 1: not today");
    EXPECT_EQ(control().objects(), objects);
    EXPECT_EQ(driver_->current_context().value(), nullptr);
    const gpu::ContextScope scope(*driver_, context_);
    EXPECT_FALSE(driver_->is_capturing(gpu::queue_of(*stream_)->stream).value());
  }
}

TEST_F(GraphTimerTest, AFaultIsItsCandidates) {
  int64_t calls = 0, faulty = 0;
  control().set_fault("sticky:test_kernel");
  const Timed nothing = [](int64_t) { return Status::Ok(); };
  const auto timings =
      time_graphs(std::vector<Timed>{nothing, candidate(1, faulty)}, policy(), *stream_);
  EXPECT_EQ(timings.status().message(),
            "candidate 1: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory "
            "access was encountered)");
  EXPECT_EQ(faulty, 1);
  EXPECT_EQ(calls, 0);
}

TEST_F(GraphTimerTest, ACandidateThatWaitsInItsCaptureFails) {
  const Timed waits = [&](int64_t) { return stream_->synchronize(); };
  const auto timings = time_graphs(std::vector<Timed>{waits}, policy(), *stream_);
  EXPECT_FALSE(timings.ok());
  EXPECT_TRUE(timings.status().message().starts_with("candidate 0: "))
      << timings.status().message();
}

}  // namespace
}  // namespace octet::harness
