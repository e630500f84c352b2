//===- LayoutRules.h - rules of storage that need no graph --------------------------------------------------------------===//
//
// In: a product's letters or a join, and layouts of what they meet. Out: how the one is best stored, whether the other can be at all.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_PASSES_LAYOUTRULES_H
#define KILN_PASSES_LAYOUTRULES_H
#include "compiler/dialect/Kiln.h"

namespace kiln {
/// A product's right operand in the order in which its reduction walks the left one, with `lanes` of the letter `lane` innermost.
Layout packedKernel(const ProductLabels &product, const Layout &left, char lane, int64_t lanes);
/// Whether a join's parts are runs of its storage: nothing but the join's own dimension lies further out in memory, and every part fills
/// whole blocks of it.
bool partsAreRuns(JoinOpInterface join, const Layout &layout);
} // namespace kiln
#endif
