//===- ApplyGpu.h - the families of a GPU as loops over blocks and threads --------------------------------------------===//
//
// In: a nest made for a device, its Funcs and a gpu_ schedule. Out: one kernel of blocks and threads. A tile needs two lowering passes of
// ours beside its schedule: they run on the loops before Halide cuts out the device code.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_APPLYGPU_H
#define KILN_SCHEDULE_APPLYGPU_H
#include "compiler/schedule/Apply.h"
#include "compiler/schedule/SpaceGpu.h"

namespace kiln::schedule {
using Halide::Func;
using Halide::RVar;
using Halide::Var;
using Halide::VarOrRVar;

void applyGpu(const Nest &nest, Funcs &funcs, const Schedule &schedule);
void applyGpuMap(const Nest &nest, Funcs &funcs, const Schedule &schedule);
void applyGpuRow(const Nest &nest, Funcs &funcs, const Schedule &schedule);
void applyGpuTile(const Nest &nest, Funcs &funcs, const Schedule &schedule);

constexpr int tilePadding = 4; ///< elements after a row of a staged tile

/// One loop over all of `vars`, the first innermost; none: a loop of one.
Var fusedGpu(Func func, const std::vector<Var> &vars, const std::string &name);
/// Whether all that `reader` reads may be loaded in vectors: nothing of it is among the buffers that `unaligned` lists. (lower/ says so of a
/// kernel's places; it is no parameter that anybody chooses.)
bool loadsVectors(const Nest &nest, const Schedule &schedule, const std::string &reader);
/// Adds the passes that the schedule needs to the pipeline.
void addGpuPasses(const Nest &nest, const Schedule &schedule, const Funcs &funcs, Halide::Pipeline &pipeline);

/// RegisterTiles.cpp: a block's accumulators `func` become each thread's registers.
std::unique_ptr<Halide::Internal::IRMutator> registerTiles(const std::string &func);
/// Pipelined.cpp: two buffers of shared memory, one barrier a step, the next step's loads under way.
std::unique_ptr<Halide::Internal::IRMutator> pipelined();
} // namespace kiln::schedule
#endif
