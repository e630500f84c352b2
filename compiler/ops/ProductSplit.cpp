// ProductSplit.cpp - a contraction over what was flattened reads it as it stood:
//
//   contract(reshape(x : n,c,y,x -> n,k), w, "nk,ok->no")  ->  contract(x, reshape(w), "ncyx,ocyx->no")
//
// An image is stored in blocks of channels: flattened, it would have to be stored again as a row, which is a kernel of its own.
#include "compiler/dialect/Kiln.h"
#include "compiler/ops/Product.h"

using namespace mlir;

namespace kiln {
namespace {
// An image that a product made: maps, pools and joins after it are stored as it is.
bool madeByProduct(Value v, int depth = 16) {
  auto op = v.getDefiningOp<AlgorithmOpInterface>();
  if (!op || depth == 0)
    return false;
  Role role = op.role();
  return role == Role::Product || ((role == Role::Map || role == Role::Pool || role == Role::Join) &&
                                   llvm::any_of(op->getOperands(), [&](Value from) { return madeByProduct(from, depth - 1); }));
}

// Dimensions of `from` that each dimension of `to` merges, or nothing where one is cut.
std::optional<SmallVector<SmallVector<int64_t>>> merged(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<SmallVector<int64_t>> groups;
  size_t next = 0;
  for (int64_t extent : to) {
    SmallVector<int64_t> group;
    int64_t product = 1;
    while (next < from.size() && (group.empty() || product < extent))
      product *= from[next], group.push_back(from[next++]);
    if (product != extent || group.empty())
      return std::nullopt;
    groups.push_back(group);
  }
  while (next < from.size() && !groups.empty())
    groups.back().push_back(from[next++]); // of extent 1
  return groups;
}

struct SplitFlattened : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getLhs().getDefiningOp<ReshapeOp>();
    if (!reshape || !reshape->hasOneUse() || !madeByProduct(reshape.getX()) || !dependsOnParametersOnly(op.getRhs()))
      return failure();
    auto groups = merged(cast<ShapedType>(reshape.getX().getType()).getShape(), reshape.getShape());
    if (!groups)
      return failure();
    ProductLabels p = op.product(), split = p;
    split.lhs = split.rhs = "";
    std::map<char, std::pair<std::string, SmallVector<int64_t>>> parts; // of a letter
    std::string used = p.print();
    char next = 'a';
    for (auto [letter, group] : llvm::zip(p.lhs, *groups)) {
      std::string letters(1, letter);
      if (group.size() > 1) {
        if (p.result.find(letter) != std::string::npos || p.rhs.find(letter) == std::string::npos)
          return failure();
        for (letters.clear(); letters.size() < group.size(); letters += next, used += next)
          while (used.find(next) != std::string::npos)
            if (++next > 'z')
              return failure();
      }
      split.lhs += letters;
      parts[letter] = {letters, group};
    }
    if (split.lhs == p.lhs)
      return failure();
    SmallVector<int64_t> shape;
    for (auto [letter, extent] : llvm::zip(p.rhs, cast<ShapedType>(op.getRhs().getType()).getShape())) {
      auto part = parts.find(letter);
      split.rhs += part == parts.end() ? std::string(1, letter) : part->second.first;
      llvm::append_range(shape, part == parts.end() ? SmallVector<int64_t>{extent} : part->second.second);
    }
    Value rhs = rewriter.create<ReshapeOp>(op.getLoc(), op.getRhs(), shape);
    rewriter.replaceOpWithNewOp<ContractOp>(op, reshape.getX(), rhs, split.print());
    return success();
  }
};
} // namespace

void addSplitPatterns(RewritePatternSet &patterns) { patterns.add<SplitFlattened>(patterns.getContext()); }
} // namespace kiln
