//===- Space.h - what a schedule may know about a kernel, and what a schedule is --------------------------------===//
//
// In: a Nest, the shape of one kernel's loops with the strides of its buffers. Out: a Schedule, a few named integers printed as one
// line of text. Plain C++: no Halide, no MLIR, no ops. lower/ fills Nests, Apply turns a Nest and a Schedule into loops.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACE_H
#define KILN_SCHEDULE_SPACE_H
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kiln::schedule {

/// One loop of the kernel. A logical dimension that is stored blocked (NCHWc, weight panels) is two axes: `c` counts blocks and
/// names `c_in`, which counts inside a block, as its `inner`.
struct Axis {
  std::string name;
  int64_t extent;
  bool reduction = false;
  std::string inner = {}; ///< the axis of this one's inner part, or empty
};

/// One argument of a Func: it runs over `scale` times the axis (2 for the convolution under a fused 2x2 pool).
struct Dim {
  std::string axis;
  int64_t scale = 1;
  int64_t reach = 0; ///< elements a Prologue holds beyond that: the window's overlap
};

/// Result: written to memory, its loops are the kernel's loops. Heavy: accumulators of a reduction, held in registers.
/// Prologue: a move or padding worth storing. Statistic: one value per row (max, sum). Row: a row worth storing (exp(x-max)).
/// Staged (devices only): one factor of a product, which shared memory may hold. Everything else is inlined and is no stage.
enum class Kind { Result, Heavy, Prologue, Statistic, Row, Staged };

struct Stage {
  std::string func; ///< key in Apply's name -> Func map
  Kind kind;
  std::vector<Dim> dims; ///< position i is the Func's i-th argument, innermost (stride 1) first
  std::vector<std::string> reduce; ///< position i is the i-th reduction variable, innermost first
  int values = 1; ///< Tuple size
  int64_t elements = 1; ///< that one step of a reduction reads, written out: the column of a pool's window
  bool folds = false; ///< devices only: the sum may be taken in parts
  std::map<std::string, int64_t> neighbours = {}; ///< of a Staged: how many of 32 lanes along an axis read next to the lane before
};

/// An operand as one stage reads it. stride[a]: elements between neighbours along axis a; absent: not indexed by a.
struct Operand {
  std::string name;
  std::map<std::string, int64_t> stride;
  bool own = false; ///< read only at the result's own coordinate (a residual), so the result may overwrite it
  bool heavy = false; ///< read inside the Heavy (or a Statistic) stage's update
  std::string reader = {}; ///< devices only: the Staged (else the summing) stage that reads it
};

struct Nest {
  std::vector<Axis> axes;
  std::vector<Stage> stages; ///< producers first, the Result last
  std::vector<Operand> operands;
  int64_t parts = 1; ///< devices only: the sum has been cut into so many, which are results of their own (passes/Parts.cpp)

  const Axis &axis(const std::string &name) const; ///< the axis of that name; it exists
  const Stage *first(Kind kind) const; ///< null when the nest has none
  const Stage &result() const { return stages.back(); }
  /// The axis whose inner part is `name`, or null.
  const Axis *outerOf(const std::string &name) const;
};

/// The machine a schedule is made for.
struct Machine {
  int64_t lanes; ///< f32 lanes of a vector register
  int64_t registers; ///< vector registers a tile may fill: 31 of 32 (AVX-512), 15 of 16 (AVX2), 31 (NEON)
  int64_t l1 = 32 << 10, l2 = 1 << 20;
  bool operator==(const Machine &o) const { return lanes == o.lanes && registers == o.registers && l1 == o.l1 && l2 == o.l2; }
};

/// `family` is map, row or tile (SpaceGpu.h: gpu_map, gpu_row or gpu_tile); params are named by axis: vector, unroll, order, tile_<axis>, block_<axis>, chunk_<axis>,
/// at_<prologue>, parallel. tail=guard (of a map): the last tile is cut off instead of shifted inwards, so that each element is visited once.
struct Schedule {
  std::string family;
  std::map<std::string, std::string> params;

  int64_t get(const std::string &key, int64_t otherwise) const;
  std::string text(const std::string &key, const std::string &otherwise) const;
  Schedule with(const std::string &key, const std::string &value) const; ///< empty value: without the key
  std::string print() const; ///< tile{order=x.y.c, tile_c=2, tile_x=14, vector=16}
  static bool parse(const std::string &text, Schedule &schedule, std::string &why);
  bool operator==(const Schedule &o) const { return family == o.family && params == o.params; }
};

/// The schedule that the closed-formula rule gives (KERNELS: 0.94-1.00 of a search on 28 convolution shapes). Always legal.
Schedule defaults(const Nest &nest, const Machine &machine);
/// Empty, or why the schedule cannot be applied to this nest.
std::string legal(const Nest &nest, const Machine &machine, const Schedule &schedule);
/// defaults first, then up to `most` - 1 other legal schedules worth timing.
std::vector<Schedule> candidates(const Nest &nest, const Machine &machine, size_t most);
/// Operands the result may overwrite under this schedule: read only at the result's own coordinate, and every element is visited once.
std::vector<std::string> aliases(const Nest &nest, const Schedule &schedule);
/// Bytes of halide_malloc/stack scratch per worker that the schedule needs at most; 0 = registers only.
int64_t scratch(const Nest &nest, const Schedule &schedule);
/// Multiply-adds (or element visits) of the whole nest: what decides whether a kernel is worth a second thread.
int64_t work(const Nest &nest);

} // namespace kiln::schedule

#endif
