//===- SpaceTest.cpp - schedules as text, legality, aliases -----------------------------------------------------------===//
#include "Kernels.h"
#include "compiler/schedule/SpaceOnce.h"

namespace kiln::schedule::test {
namespace {
TEST(Text, RoundTrip) {
  Schedule schedule;
  std::string why;
  ASSERT_TRUE(Schedule::parse(" tile { vector=16, order=x.y.c ,tile_x=14 } ", schedule, why)) << why;
  EXPECT_EQ("tile{order=x.y.c, tile_x=14, vector=16}", schedule.print());
  EXPECT_EQ(14, schedule.get("tile_x", 1));
  EXPECT_EQ(1, schedule.get("tile_y", 1));
  EXPECT_EQ("map{}", schedule.with("order", "").with("tile_x", "").with("vector", "").print().replace(0, 4, "map"));
}

TEST(Text, Errors) {
  const std::pair<const char *, const char *> bad[] = {
      {"", "expected family{key=value, ...}, found ''"},
      {"tile", "expected family{key=value, ...}, found 'tile'"},
      {"tile{", "expected family{key=value, ...}, found 'tile{'"},
      {"row{vector=16", "expected family{key=value, ...}, found 'row{vector=16'"},
      {"conv{vector=16}", "expected the family map, row or tile (for a GPU gpu_map, gpu_row or gpu_tile), found 'conv'"},
      {"row{vector}", "expected key=value, found 'vector'"},
      {"row{=3}", "expected key=value, found '=3'"},
      {"row{vector=16,}", "expected key=value, found ''"},
      {"row{vector=x}", "vector: expected a number, found 'x'"},
      {"row{tile_x=-3}", "expected key=value, found 'tile_x=-3'"},
      {"row{tile_x=99999999999999999999}", "tile_x: expected a number, found '99999999999999999999'"},
      {"row{vector=8, vector=16}", "vector: given twice"},
  };
  for (auto [text, message] : bad) {
    Schedule schedule{"before", {}};
    std::string why;
    EXPECT_FALSE(Schedule::parse(text, schedule, why)) << text;
    EXPECT_EQ(message, why);
    EXPECT_EQ("before", schedule.family);
  }
}

TEST(Legal, Refuses) {
  Machine machine{16, 31};
  Nest nest = build(convolution(2, 64, 64, 28, 3, 1, 16)).nest;
  Schedule good;
  std::string why;
  ASSERT_TRUE(Schedule::parse("tile{order=x.y.c, tile_c=2, tile_x=14, vector=16}", good, why));
  ASSERT_EQ("", legal(nest, machine, good));
  const std::pair<std::pair<const char *, const char *>, const char *> bad[] = {
      {{"vector", "3"}, "vector=3: expected a power of two up to 64"},
      {{"vector", "32"}, "vector=32: wider than c_in, 16"},
      {{"tile_x", "29"}, "tile_x: covers 29 of 28"},
      {{"tile_x", "28"}, "the tile fills 59 registers of 31"},
      {{"tile_z", "2"}, "tile_z: no axis z"},
      {{"tile_x", "0"}, "tile_x=0: expected at least 1"},
      {{"block_x", "15"}, "block_x=15: no multiple of the tile, 14"},
      {{"chunk_x", "2"}, "chunk_x: x is no reduction of a heavy stage"},
      {{"chunk_ci", "3"}, "chunk_ci: 3 does not divide 4"},
      {{"order", "x.ci"}, "order: ci is no axis of the result"},
      {{"order", "x.x"}, "order: x twice"},
      {{"parallel", "x"}, "parallel=x: not the outermost loops"},
      {{"sum", "x"}, "sum: x is no reduction of this nest"},
      {{"lanes", "x"}, "lanes=x: no reduction of this nest"},
      {{"at_pad", "x"}, "at_pad: no prologue pad"},
      {{"unroll", "0"}, "unroll=0: expected 1 to 1024"},
      {{"prefetch", "1"}, "prefetch: no such parameter"},
      {{"tile_ci_in", "5"}, "tile_ci_in: 5 does not divide 16"},
  };
  for (auto [change, message] : bad)
    EXPECT_EQ(message, legal(nest, machine, good.with(change.first, change.second)));
  Schedule row = good;
  row.family = "row";
  EXPECT_EQ("family row: this nest is of family tile", legal(nest, machine, row));
}

TEST(Legal, RefusesInsideRows) {
  Machine machine{16, 31};
  Nest nest = build(softmax(300, 200, 1)).nest;
  Schedule good = defaults(nest, machine);
  ASSERT_EQ("", legal(nest, machine, good));
  EXPECT_EQ("order: n stands outside the rows", legal(nest, machine, good.with("order", "i.n").with("parallel", "")));
  EXPECT_EQ("tile_i: rows are computed one at a time", legal(nest, machine, good.with("tile_i", "2").with("block_i", "")));
}

TEST(Aliases, NeedsWholeTiles) {
  Machine machine{16, 31};
  Nest whole = build(convolution(1, 32, 32, 28, 3, 1, 16, true)).nest,
       shifted = build(convolution(1, 32, 32, 27, 3, 1, 16, true)).nest;
  EXPECT_EQ(std::vector<std::string>{"residual"}, aliases(whole, defaults(whole, machine)));
  EXPECT_EQ(std::vector<std::string>{}, aliases(shifted, defaults(shifted, machine).with("tile_x", "14").with("tile_y", "")));
}

TEST(Aliases, OnceWhereACopyCostsMore) {
  Machine machine{16, 31};
  Kernel brief = convolution(1, 32, 32, 27, 1, 1, 16, true), deep = convolution(1, 512, 32, 29, 3, 1, 16, true);
  Nest nest = build(brief).nest, prime = build(deep).nest;
  Schedule once = defaultsOnce(nest, machine);
  EXPECT_EQ(std::vector<std::string>{"residual"}, aliases(nest, once)) << once.print();
  EXPECT_EQ("residual", once.text("fetch", ""));
  EXPECT_EQ("fetch=bias: no operand that a tile reads beside its sums", legal(nest, machine, once.with("fetch", "bias")));
  EXPECT_EQ(std::vector<std::string>{}, aliases(prime, defaultsOnce(prime, machine)));
  EXPECT_EQ("guard", defaultsOnce(build(elementwise({19})).nest, machine).text("tail", ""));
  for (const Target &target : targets())
    EXPECT_TRUE(target.machine.lanes != 16 || agrees(brief, target, once, "residual"));
}

TEST(Work, CountsMultiplyAdds) {
  Nest nest = build(product(1, 1, 1024, 1024, 16)).nest;
  EXPECT_EQ(1024 * 1024 + 1024, work(nest));
}

TEST(Parallel, OnlyWhatIsWorthIt) {
  Machine machine{16, 31};
  auto threads = [&](const Kernel &kernel) { return defaults(build(kernel).nest, machine).text("parallel", ""); };
  EXPECT_EQ("", threads(planarConvolution(1, 6, 14, 5, true)));
  EXPECT_EQ("", threads(elementwise({1000})));
  EXPECT_EQ("", threads(product(1, 1, 128, 400, 16)));
  EXPECT_NE("", threads(convolution(1, 64, 64, 56, 3, 1, 16)));
  EXPECT_NE("", threads(product(1, 1, 1024, 1024, 16)));
  EXPECT_NE("", threads(elementwise({1000000})));
}
} // namespace
} // namespace kiln::schedule::test
