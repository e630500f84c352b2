//===- SpaceGpu.cpp - which family a nest gets on a GPU, and its parameters -------------------------------------------===//
//
// A product with two axes of its own is a tile; sums that are long beside the number of results are rows; the rest is a map.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceGpu.h"
#include "compiler/schedule/SpaceGpuTile.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
constexpr int64_t enoughThreads = gpuProcessors * 1024;
constexpr int64_t warp = 32;

void put(Schedule &schedule, const std::string &key, int64_t value) { schedule.params[key] = std::to_string(value); }
bool sums(const Stage &stage) { return stage.kind == Kind::Heavy || stage.kind == Kind::Statistic; }
int64_t steps(const Nest &nest, const Stage &stage) {
  int64_t count = stage.elements;
  for (const std::string &axis : stage.reduce)
    count *= nest.axis(axis).extent;
  return count;
}
int64_t results(const Nest &nest, const Stage &stage) {
  int64_t count = 1;
  for (const Dim &dim : stage.dims)
    count *= nest.axis(dim.axis).extent * dim.scale;
  return count;
}
int64_t powerUpTo(int64_t most, int64_t extent) {
  int64_t power = 1;
  while (power < most && power < extent)
    power *= 2;
  return power;
}

Schedule tileSchedule(const Nest &nest, const GpuProduct &product) {
  int64_t x = nest.axis(product.x).extent, y = nest.axis(product.y).extent;
  GpuProductSizes sizes{1, x, y, 1, nest.axis(product.k).extent};
  for (const std::string &axis : product.grid)
    sizes.grid *= nest.axis(axis).extent;
  for (const std::string &axis : product.sum->reduce)
    sizes.steps *= nest.axis(axis).extent;
  GpuTile tile = gpuQuickestTile(sizes).first;
  Schedule schedule{"gpu_tile", {}};
  put(schedule, "tile_" + product.x, tile.x);
  put(schedule, "tile_" + product.y, tile.y);
  put(schedule, "thread_" + product.x, tile.threadX);
  put(schedule, "thread_" + product.y, tile.threadY);
  put(schedule, "chunk_" + product.k, tile.chunk);
  if (tile.slices > 1)
    put(schedule, "slices_" + product.k, tile.slices);
  if (x % 4 == 0)
    put(schedule, "vector", 4);
  return schedule;
}

Schedule rowSchedule(const Nest &nest) {
  Schedule schedule{"gpu_row", {}};
  int64_t longest = 1;
  for (const Stage &stage : nest.stages)
    if (sums(stage))
      longest = std::max(longest, steps(nest, stage));
  std::string row = gpuRowAxis(nest);
  bool across = false;
  for (const Stage &stage : nest.stages)
    across |= sums(stage) && !row.empty() && contiguous(nest, stage, row);
  int64_t extent = row.empty() ? 1 : nest.axis(row).extent, rows = 1;
  int64_t threads = 0;
  if (across) {
    rows = std::min<int64_t>(32, extent);
    int64_t others = 1;
    for (const std::string &axis : gpuRowAxes(nest))
      others *= axis == row ? 1 : nest.axis(axis).extent;
    while (rows > 8 && others * ceilDiv(extent, rows) < gpuProcessors && longest > 64) // eight are a whole sector
      rows = powerUpTo(rows / 2, rows / 2);
    threads = std::min<int64_t>(std::clamp<int64_t>(powerUpTo(256, ceilDiv(longest, 4)), 8, 256), 256 / powerUpTo(32, rows));
  } else { // a warp a row where that keeps the card busy or the row is short
    int64_t all = 1;
    for (const std::string &axis : gpuRowAxes(nest))
      all *= nest.axis(axis).extent;
    bool few = all < 2 * gpuProcessors;
    int64_t steps = all >= 16 * gpuProcessors ? 4096 : few ? 128 : 512, most = few ? 32 : 8; // that a warp takes without help
    threads = warp * powerUpTo(most, ceilDiv(longest, steps));
    while (threads == warp && rows < 4 && extent % (rows * 2) == 0 && all / rows >= 2 * gpuProcessors)
      rows *= 2;
  }
  put(schedule, "threads", threads);
  if (!row.empty())
    put(schedule, "tile_" + row, rows);
  put(schedule, "across", across);
  return schedule;
}

Schedule mapSchedule(const Nest &nest) {
  Schedule schedule{"gpu_map", {}};
  put(schedule, "threads", 256);
  bool summed = std::any_of(nest.stages.begin(), nest.stages.end(), sums);
  const std::vector<Dim> &dims = nest.result().dims;
  int64_t vector = !summed && !dims.empty() && nest.axis(dims[0].axis).extent % 4 == 0 ? 4 : 1;
  for (const Operand &operand : nest.operands) // read across the lanes: a thread's vector would be as many lines
    if (!dims.empty() && stride(operand, dims[0].axis) > 1)
      vector = 1;
  if (results(nest, nest.result()) < enoughThreads)
    vector = 1;
  put(schedule, "vector", vector);
  return schedule;
}
} // namespace

bool isGpu(const Schedule &schedule) { return schedule.family.rfind("gpu_", 0) == 0; }

bool contiguous(const Nest &nest, const Stage &stage, const std::string &axis) {
  bool next = false, apart = false;
  for (const Operand &operand : nest.operands)
    if (operand.reader == stage.func && operand.stride.count(axis))
      (operand.stride.at(axis) == 1 ? next : apart) = true;
  return next && !apart;
}

GpuProduct gpuProduct(const Nest &nest) {
  GpuProduct product;
  std::vector<const Stage *> factors;
  for (const Stage &stage : nest.stages)
    if (stage.kind == Kind::Staged)
      factors.push_back(&stage);
    else if (sums(stage) && product.sum)
      return {};
    else if (sums(stage))
      product.sum = &stage;
  size_t loops = 0; // the result's, without those of one element, over which the sum has no loop
  for (const Dim &dim : nest.result().dims)
    loops += nest.axis(dim.axis).extent > 1 || (product.sum && runsOver(*product.sum, dim.axis));
  if (factors.size() != 2 || !product.sum || product.sum->values != 1 || product.sum->reduce.empty() ||
      product.sum->dims.size() != loops)
    return {};
  auto own = [&](const Stage &factor, const Stage &other) { // the longest axis that this factor alone brings
    std::string longest;
    for (const Dim &dim : product.sum->dims)
      if (runsOver(factor, dim.axis) && !runsOver(other, dim.axis) &&
          (longest.empty() || nest.axis(dim.axis).extent > nest.axis(longest).extent))
        longest = dim.axis;
    return longest;
  };
  product.across = factors[1];
  product.down = factors[0];
  product.x = own(*factors[1], *factors[0]);
  product.y = own(*factors[0], *factors[1]);
  if (product.x.empty() || product.y.empty())
    return {};
  for (const Dim &dim : nest.result().dims)
    if (dim.axis == product.y || dim.axis == product.x) {
      if (dim.axis == product.y) { // stands further in: stores run along it
        std::swap(product.x, product.y);
        std::swap(product.across, product.down);
      }
      break;
    }
  product.k = product.sum->reduce[0];
  for (const Dim &dim : nest.result().dims)
    if (dim.axis != product.x && dim.axis != product.y)
      product.grid.push_back(dim.axis);
  return product;
}

std::vector<std::string> gpuRowAxes(const Nest &nest) {
  std::vector<std::string> rows;
  for (const Dim &dim : nest.result().dims)
    if (std::any_of(nest.stages.begin(), nest.stages.end(),
                    [&](const Stage &stage) { return sums(stage) && runsOver(stage, dim.axis); }))
      rows.push_back(dim.axis);
  return rows;
}

std::string gpuRowAxis(const Nest &nest) {
  for (const std::string &axis : gpuRowAxes(nest))
    if (nest.axis(axis).extent > 1)
      return axis;
  return "";
}

namespace {
Schedule chosen(const Nest &nest) {
  int64_t longest = 0, most = 0;
  bool folds = true;
  for (const Stage &stage : nest.stages)
    if (sums(stage)) {
      longest = std::max(longest, steps(nest, stage));
      most = std::max(most, results(nest, stage));
      folds &= stage.folds;
      for (const Dim &dim : stage.dims)
        folds &= dim.scale == 1 && runsOver(nest.result(), dim.axis);
    }
  if (!longest)
    return mapSchedule(nest);
  if (GpuProduct product = gpuProduct(nest))
    if (nest.axis(product.x).extent >= 6 && nest.axis(product.y).extent >= 6)
      return tileSchedule(nest, product);
  bool inside = results(nest, nest.result()) > most; // a row is read for every element that it gives
  if (folds && longest >= 16 && (inside || (longest >= 64 && most < enoughThreads)))
    return rowSchedule(nest);
  return mapSchedule(nest);
}
} // namespace

Schedule gpuDefaults(const Nest &nest) {
  Schedule schedule = chosen(nest);
  if (nest.parts > 1)
    put(schedule, "parts", nest.parts);
  return schedule;
}

std::string gpuLegal(const Nest &nest, const Schedule &schedule) {
  auto within = [&](const std::string &key, int64_t least, int64_t most) -> std::string {
    int64_t value = schedule.get(key, 0);
    bool power = (value & (value - 1)) == 0;
    return value >= least && value <= most && power ? ""
                                                    : key + "=" + schedule.text(key, "") + ": expected a power of two, " +
                                                          std::to_string(least) + " to " + std::to_string(most);
  };
  std::vector<std::string> known;
  std::string why;
  if (schedule.family == "gpu_map") {
    known = {"threads", "vector"};
    why = within("threads", 32, 1024);
    why = why.empty() ? within("vector", 1, 4) : why;
    const std::vector<Dim> &dims = nest.result().dims;
    int64_t vector = schedule.get("vector", 1);
    if (why.empty() && vector > 1 &&
        (dims.empty() || nest.axis(dims[0].axis).extent % vector || std::any_of(nest.stages.begin(), nest.stages.end(), sums)))
      why = "vector=" + std::to_string(vector) + ": expected a map whose rows are whole vectors";
  } else if (schedule.family == "gpu_row") {
    std::string row = gpuRowAxis(nest);
    known = {"threads", "across", "tile_" + row};
    int64_t rows = schedule.get("tile_" + row, 1);
    bool across = schedule.get("across", 0) && rows > 1;
    why = within("threads", across ? 2 : warp, 1024);
    if (why.empty() && !across && rows > 1 && schedule.get("threads", warp) != warp)
      why = "tile_" + row + ": a block takes several rows of a warp each, or one of several";
    if (why.empty() && (rows < 1 || rows * schedule.get("threads", 1) > 1024 || (!row.empty() && rows > nest.axis(row).extent)))
      why = "tile_" + row + ": a block takes " + std::to_string(rows) + " rows";
    for (const Stage &stage : nest.stages)
      if (why.empty() && sums(stage) && !stage.folds)
        why = "gpu_row: the sum " + stage.func + " cannot be taken in parts";
    if (why.empty() && std::none_of(nest.stages.begin(), nest.stages.end(), sums))
      why = "gpu_row: the nest has no sum";
  } else {
    GpuProduct product = gpuProduct(nest);
    if (!product)
      return "gpu_tile: the nest is no product of two factors with an axis each";
    known = {"chunk_" + product.k, "slices_" + product.k, "vector"};
    int64_t chunk = schedule.get("chunk_" + product.k, 1);
    why = within("chunk_" + product.k, 1, 256);
    if (why.empty() && schedule.get("slices_" + product.k, 1) != 1)
      why = within("slices_" + product.k, 2, std::min<int64_t>(16, chunk));
    if (why.empty() && schedule.get("vector", 1) != 1)
      why = within("vector", 4, 4);
    if (why.empty() && schedule.get("vector", 1) > 1 && nest.axis(product.x).extent % 4)
      why = "vector: " + product.x + " is no whole number of vectors";
    if (why.empty() && nest.axis(product.k).extent % schedule.get("chunk_" + product.k, 1))
      why = "chunk_" + product.k + ": does not divide " + std::to_string(nest.axis(product.k).extent);
    for (const std::string &axis : {product.x, product.y}) {
      known.push_back(std::string("tile_").append(axis));
      why = why.empty() ? within(known.back(), 8, 256) : why;
      known.push_back(std::string("thread_").append(axis));
      why = why.empty() ? within(known.back(), 4, 8) : why;
    }
    int64_t threads = gpuThreads(nest, schedule);
    if (why.empty() && (threads > 1024 || threads < 4))
      why = "gpu_tile: a block of " + std::to_string(threads) + " threads";
  }
  known.emplace_back("parts");
  if (int64_t parts = schedule.get("parts", 1); why.empty() && parts != nest.parts)
    why = "parts=" + std::to_string(parts) + ": the graph has the sum in " + std::to_string(nest.parts) + " (kiln-parts)";
  for (const auto &[key, value] : schedule.params)
    if (why.empty() && !contains(known, key))
      why = key + ": no such parameter of " + schedule.family;
  return why;
}

int64_t gpuThreads(const Nest &nest, const Schedule &schedule) {
  GpuProduct product = gpuProduct(nest);
  if (schedule.family != "gpu_tile" || !product)
    return schedule.get("threads", 1);
  int64_t threads = 1;
  for (const std::string &axis : {product.x, product.y})
    threads *= std::max<int64_t>(1, schedule.get("tile_" + axis, 8) / std::max<int64_t>(1, schedule.get("thread_" + axis, 4)));
  return threads * schedule.get("slices_" + product.k, 1);
}

bool gpuVisitsOnce(const Nest &nest, const Schedule &schedule) {
  std::string row = gpuRowAxis(nest);
  return schedule.family != "gpu_row" || row.empty() || nest.axis(row).extent % schedule.get("tile_" + row, 1) == 0;
}
} // namespace kiln::schedule
