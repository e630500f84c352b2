//===- Apply.h - a Nest, its Funcs and a Schedule become loops ------------------------------------------------------===//
//
// Halide only. Positions in Stage::dims and Stage::reduce name a Func's arguments and reduction variables; nothing is shared by name.
// Throws Halide::Error when Halide refuses the schedule: a caller that tries candidates treats that as "illegal".
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_APPLY_H
#define KILN_SCHEDULE_APPLY_H
#include "Halide.h"
#include "compiler/schedule/Space.h"

namespace kiln::schedule {
using Funcs = std::map<std::string, Halide::Func>;
void apply(const Nest &nest, Funcs &funcs, const Schedule &schedule);
/// What the schedule asks for after Halide's lowering: fetch=OPERAND (Foresight.cpp).
void foresee(Halide::Pipeline &pipeline, const Schedule &schedule);
} // namespace kiln::schedule

#endif
