// Threads together take every column of every chunk once, whatever their number and their order.
#include "src/ops/gemm_grouped/cpu/pieces.h"

#include <gtest/gtest.h>

#include <map>

namespace octet::ops::gemm_grouped {
namespace {

/// A round of experts with these numbers of rows.
Round round_of(const std::vector<int64_t>& rows_of_chunks) {
  Round round;
  for (const int64_t rows : rows_of_chunks) {
    Chunk& chunk = round.chunks.emplace_back();
    chunk.task = cpu::Task{};
    chunk.task.m = rows;
    chunk.cost_before = round.cost;
    round.cost += chunk.cost();
  }
  return round;
}

/// Takes pieces of all threads in turn until none is left; ends of pieces by their chunk and begin.
std::map<std::pair<size_t, int64_t>, int64_t> take_all(const Round& round,
                                                       const PieceLimits& limits) {
  std::atomic<int64_t> next{0};
  std::vector<Pieces> threads(static_cast<size_t>(limits.threads), Pieces(round, limits, next));
  std::map<std::pair<size_t, int64_t>, int64_t> pieces;
  for (size_t done = 0, turn = 0; done < threads.size(); turn = (turn + 1) % threads.size()) {
    const Piece piece = threads[turn].take();
    done = piece.chunk == nullptr ? done + 1 : 0;
    if (piece.chunk == nullptr) continue;
    const auto chunk = static_cast<size_t>(piece.chunk - round.chunks.data());
    EXPECT_TRUE(pieces.emplace(std::pair(chunk, piece.begin), piece.end).second);
    EXPECT_LE((piece.end - piece.begin) * piece.chunk->task.m, limits.result_elements);
    const bool whole = piece.begin % kScaleCols == 0;
    EXPECT_TRUE(whole || piece.end <= piece.begin / kScaleCols * kScaleCols + kScaleCols)
        << piece.begin << " to " << piece.end;
  }
  return pieces;
}

TEST(Pieces, EveryColumnOnceWhateverTheThreads) {
  const std::vector<std::vector<int64_t>> rounds{
      {1}, {1024}, {1, 1, 1, 1}, {5, 900, 1, 20}, std::vector<int64_t>(128, 3)};
  for (const std::vector<int64_t>& rows : rounds) {
    const Round round = round_of(rows);
    for (const int64_t n : {1, 31, 128, 130, 1536, 7168}) {
      for (const int threads : {1, 2, 3, 16}) {
        SCOPED_TRACE(testing::Message() << rows.size() << " chunks, n = " << n << ", " << threads);
        const auto pieces = take_all(round, {n, 1 << 17, threads});
        size_t chunk = 0;
        int64_t at = 0;
        for (const auto& [begin, end] : pieces) {
          ASSERT_EQ(begin, std::pair(chunk, at));
          ASSERT_GT(end, at);
          at = end;
          if (at == n) ++chunk, at = 0;
        }
        EXPECT_EQ(chunk, rows.size());
      }
    }
  }
}

TEST(Pieces, OneExpertWithOneTokenUsesAllThreads) {
  const Round round = round_of({1});
  std::atomic<int64_t> next{0};
  const PieceLimits limits{256, 1 << 16, 4};
  for (int thread = 0; thread < 4; ++thread) {
    EXPECT_NE(Pieces(round, limits, next).take().chunk, nullptr) << thread;
  }
}

TEST(Pieces, AThreadAloneGoesThroughExpertsInTheOrderOfMemory) {
  const Round round = round_of(std::vector<int64_t>(9, 1));
  std::atomic<int64_t> next{0};
  Pieces pieces(round, {640, 1 << 16, 1}, next);
  const Chunk* chunk = round.chunks.data();
  int64_t at = 0;
  for (Piece piece = pieces.take(); piece.chunk != nullptr; piece = pieces.take()) {
    ASSERT_EQ(piece.chunk, chunk);
    ASSERT_EQ(piece.begin, at);
    at = piece.end;
    if (at == 640) ++chunk, at = 0;
  }
  EXPECT_EQ(chunk, round.chunks.data() + 9);
}

}  // namespace
}  // namespace octet::ops::gemm_grouped
