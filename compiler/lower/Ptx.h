//===- Ptx.h - PTX as Halide writes it becomes PTX that ships ---------------------------------------------------------===//
//
// In: the text of one kernel, and how it is launched. Out: the same kernel under its own name, with what Halide leaves out or cannot know:
//
//   .maxntid        the size of the block, or ptxas may hand out more registers than a block of it has, which fails only at the launch
//   kiln_shared     a symbol where dynamic shared memory begins: Halide counts from address 0, which sm_90 keeps for itself
//   // arguments    their bytes, and whether they are read or written: for whoever checks it
//   without .ftz    with which Halide rounds: the floor of a negative number is -1, however small it is
//   ld.global       for ld.global.nc in a kernel that overwrites what it reads: that cache may hold only what stays during the whole launch
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_PTX_H
#define KILN_LOWER_PTX_H
#include "compiler/lower/Kernel.h"

namespace kiln::lower {
/// Throws std::runtime_error where the text is not as expected.
void finishPtx(DeviceCode &code, KernelOp kernel, bool overwrites);
/// The same, of which one block at a time is enough: its assembler may take as many registers as there are.
std::string withoutOccupancy(const std::string &ptx);
} // namespace kiln::lower
#endif
