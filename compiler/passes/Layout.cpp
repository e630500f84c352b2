//===- Layout.cpp - how each value between launches is stored -----------------------------------------------------------===//
//
// In: launches of kernels on dense tensors. Out: layouts as encodings on the kernels' signatures, chosen by what the product kernels want:
//  - a product's result has the dimension that only its right operand brings (output channels) in blocks of one vector: NCHWc, or rows
//    padded to whole vectors; too few of them, and the lanes run along x instead (dense);
//  - maps and pools follow their operands; what leaves the function or is viewed under another shape is dense, short rows of a pool by a copy;
//  - a value that a padded window reads carries the padding as a halo;
//  - a join is stored as its largest part is, where the others then are runs of whole blocks: its parts are written in their places, by the
//    kernels that make them or by a copy of what stands elsewhere. Where they are not, it becomes a kernel that copies all of them;
//  - the right operand is packed in the order in which the reduction walks the left one, lanes innermost. A parameter is packed by a copy
//    kernel that the next pass hoists into @init; another value is packed only where its lanes are not contiguous.
//
// For a device (no lanes) every value is dense: its kernels hold their loads against the edges.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/LayoutRules.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/Storage.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace kiln {
namespace {

/// A kernel's product, when it has one whose result has the kernel's shape and whose operands are the kernel's own.
struct ProductUse {
  ProductOpInterface op;
  ProductLabels labels;
  int lhs = -1, rhs = -1; ///< operand numbers of the launch, -1 when computed inside
  char lane = 0; ///< the letter blocked in the result, 0: none (lanes run along the last letter)
  bool wholeRows = false; ///< of no lane: rows of the last letter are padded to whole vectors, and so read past their end
};

int64_t elements(Value v) { return cast<ShapedType>(v.getType()).getNumElements(); }

class LayoutPlanner {
public:
  LayoutPlanner(ModuleOp module, func::FuncOp func, int64_t lanes) : symbols(module), func(func), lanes(lanes) {}

  void run() {
    markConstants();
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front()))
      if (auto launch = dyn_cast<LaunchOp>(op))
        chooseResult(launch);
      else if (auto join = dyn_cast<JoinOpInterface>(op))
        chooseJoin(join);
    SmallVector<LaunchOp> launches;
    if (lanes)
      llvm::append_range(launches, func.getOps<LaunchOp>());
    for (LaunchOp launch : launches)
      addHalos(launch);
    for (LaunchOp launch : launches)
      fillKernels(launch);
    shareHalos();
    for (LaunchOp launch : launches)
      packOperands(launch);
    for (Operation &op : func.getBody().front())
      if (auto launch = dyn_cast<LaunchOp>(op))
        retype(launch);
      else if (isa<JoinOpInterface>(op))
        retype(op.getResult(0));
    densify();
    Storage storage(func);
    for (OpOperand *part : storage.strays())
      copyPart(*part);
    for (auto join : func.getOps<JoinOpInterface>())
      for (OpOperand &part : join->getOpOperands())
        if (Value whole = viewed(part.get()).buffer; constants.contains(whole) && !constants.contains(join->getResult(0)))
          copyPart(part);
  }

private:
  KernelOp kernelOf(LaunchOp launch) { return symbols.lookup<KernelOp>(launch.getKernel()); }

  void markConstants() {
    for (BlockArgument v : func.getArguments())
      if (func.getArgAttr(v.getArgNumber(), "kiln.fixed"))
        constants.insert(v);
    for (Operation &op : func.getBody().front())
      if (!isa<func::ReturnOp, RepeatOp>(op) && llvm::all_of(op.getOperands(), [&](Value v) { return constants.contains(v); }))
        for (Value v : op.getResults())
          constants.insert(v);
  }

  std::optional<ProductUse> productOf(LaunchOp launch) {
    KernelOp kernel = kernelOf(launch);
    std::optional<ProductUse> found;
    kernel.getBody().walk([&](ProductOpInterface op) {
      if (!sameShapes(op->getResultTypes(), withoutLayout(launch.getResult(0).getType())))
        return;
      ProductUse use{op, op.product()};
      if (auto a = dyn_cast<BlockArgument>(op->getOperand(0)))
        use.lhs = a.getArgNumber();
      if (auto a = dyn_cast<BlockArgument>(op->getOperand(1)))
        use.rhs = a.getArgNumber();
      found = use;
    });
    if (!found)
      return found;
    Shape shape = shapeOf(launch.getResult(0).getType());
    const ProductLabels &p = found->labels;
    char only = 0, shared = 0; // letters that the right operand alone brings; that all three have
    for (char c : p.result) {
      bool l = p.lhs.find(c) != std::string::npos, r = p.rhs.find(c) != std::string::npos,
           spatial = p.spatial.find(c) != std::string::npos;
      if (r && !l && (!only || shape[p.result.find(c)] >= shape[p.result.find(only)]))
        only = c;
      if (r && l && !spatial)
        shared = c;
    }
    bool viewed = needsDense(launch.getResult(0));
    char lane = only ? only : shared;
    size_t dim = p.result.find(lane);
    bool last = lane && dim + 1 == p.result.size();
    // Rows are padded whatever their length; channels of an image only where more than half of the lanes work, and nothing views it.
    if (lane && (last ? shape[dim] > 1 : shape[dim] * 2 > lanes && !(viewed && shared && shape[p.result.find(shared)] > 1)))
      found->lane = lane;
    else
      found->wholeRows = !viewed && fillsRows(*found, launch, shape);
    return found;
  }

  // Half vectors would be twice as many: 14 columns are two vectors of 8, or one of 16 with two columns to spare. They read a halo.
  bool fillsRows(const ProductUse &product, LaunchOp launch, ArrayRef<int64_t> shape) {
    char x = product.labels.result.back();
    size_t letter = product.labels.spatial.find(x);
    if (letter == std::string::npos || product.lhs < 0 || !mayHaveHalo(launch.getOperand(product.lhs)))
      return false;
    auto one = [&](StringRef name) { return product.op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef()[letter] == 1; };
    int64_t half = lanes;
    while (half > shape.back())
      half /= 2;
    return one("strides") && one("lhs_dilation") && llvm::divideCeil(shape.back(), lanes) < llvm::divideCeil(shape.back(), half);
  }

  bool mayHaveHalo(Value v) { return chosen.count(v) && !needsDense(v) && !constants.contains(v); }

  bool needsDense(Value v) {
    return llvm::any_of(v.getUsers(), [](Operation *user) { return !isa<LaunchOp, JoinOpInterface>(user); });
  }

  void chooseResult(LaunchOp launch) {
    Value v = launch.getResult(0);
    auto type = cast<RankedTensorType>(v.getType());
    Shape shape = shapeOf(type);
    Layout layout = Layout::dense(type.getRank());
    if (!lanes) {
      chosen[v] = layout;
      return;
    }
    if (auto product = productOf(launch)) {
      if (product->lane)
        layout = Layout::blocked(type.getRank(), product->labels.result.find(product->lane), lanes);
      else if (product->wholeRows)
        layout = Layout::blocked(type.getRank(), type.getRank() - 1, lanes);
    } else if (!constants.contains(v)) {
      Operation *reduces = nullptr;
      kernelOf(launch).getBody().walk([&](AlgorithmOpInterface op) { reduces = op.role() == Role::Reduce ? op : reduces; });
      layout = reduces ? reducedLayout(launch, reduces) : layout;
      for (Value operand : launch.getOperands()) {
        auto from = cast<RankedTensorType>(operand.getType());
        auto it = chosen.find(operand);
        if (reduces || it == chosen.end() || from.getRank() != type.getRank() || type.getRank() < 3)
          continue;
        for (int64_t d = 0; d + 1 < type.getRank(); ++d)
          if (int64_t block = it->second.blockOf(d);
              block && (from.getDimSize(d) == shape[d] || (shape[d] % block == 0 && from.getDimSize(d) % block == 0)))
            layout = Layout::blocked(type.getRank(), d, block);
      }
    }
    if (needsDense(v) && !layout.storedAsDense(shape) && !productOf(launch) && !(shape.back() < lanes && hasPool(launch)))
      layout = Layout::dense(type.getRank());
    chosen[v] = layout;
  }

  // Short rows of a pool are read in whole vectors of blocks only: what must be dense is copied from its small result.
  bool hasPool(LaunchOp launch) {
    bool found = false;
    kernelOf(launch).getBody().walk([&](AlgorithmOpInterface op) { found |= op.role() == Role::Pool; });
    return found;
  }

  // Sums over all but the blocked dimension of an operand are blocked as it is: the lanes run along it.
  Layout reducedLayout(LaunchOp launch, Operation *reduce) {
    Shape shape = shapeOf(launch.getResult(0).getType());
    auto row = cast<RankedTensorType>(reduce->getOperand(0).getType());
    auto dims = reduce->getAttrOfType<DenseI64ArrayAttr>("dims");
    Layout layout = Layout::dense(shape.size());
    if (!dims || shape.size() != 1 || !sameShapes(reduce->getResultTypes(), withoutLayout(launch.getResult(0).getType())))
      return layout;
    for (Value operand : launch.getOperands())
      if (auto it = chosen.find(operand); it != chosen.end() && shapeOf(operand.getType()) == shapeOf(row))
        for (int64_t d = 0; d < row.getRank(); ++d)
          if (int64_t block = it->second.blockOf(d); block && !llvm::is_contained(dims.asArrayRef(), d))
            layout = Layout::blocked(1, 0, block);
    return layout;
  }

  void chooseJoin(JoinOpInterface join) {
    Value v = join->getResult(0);
    auto type = cast<RankedTensorType>(v.getType());
    Layout layout = Layout::dense(type.getRank());
    int64_t most = 0;
    for (Value part : join->getOperands())
      if (auto it = chosen.find(part); it != chosen.end() && elements(part) > most && type.getRank() > 1) {
        most = elements(part);
        layout = it->second;
      }
    if (needsDense(v) && !layout.storedAsDense(shapeOf(type)))
      layout = Layout::dense(type.getRank());
    if (partsAreRuns(join, layout)) {
      chosen[v] = layout;
      return;
    }
    OpBuilder builder(join);
    SmallVector<Type> types(join->getOperandTypes());
    KernelOp kernel = addKernel("join", types, type, v.getLoc());
    IRMapping mapping;
    mapping.map(join->getOperands(), kernel.getBody().getArguments());
    auto inside = OpBuilder::atBlockEnd(&kernel.getBody().front());
    inside.create<ReturnOp>(v.getLoc(), inside.clone(*join, mapping)->getResults());
    auto launch = builder.create<LaunchOp>(v.getLoc(), TypeRange(type), kernel.getSymName(), join->getOperands(),
                                           DenseI64ArrayAttr(), DenseI64ArrayAttr());
    if (constants.contains(v))
      constants.insert(launch.getResult(0));
    v.replaceAllUsesWith(launch.getResult(0));
    join->erase();
    chooseResult(launch);
  }

  // A padded window reads its left operand's padding from a halo; what the caller owns, and what is viewed, has none.
  void addHalos(LaunchOp launch) {
    auto product = productOf(launch);
    if (!product || product->lhs < 0 || product->labels.spatial.empty())
      return;
    Value v = launch.getOperand(product->lhs);
    if (!mayHaveHalo(v))
      return;
    // Lanes along the rows need rows of neighbours: an image in blocks of channels is stored once more.
    Layout copied = Layout::dense(product->labels.lhs.size());
    bool copies = product->wholeRows && chosen[v].order != copied.order;
    Layout &layout = copies ? copied : chosen[v];
    SmallVector<int64_t> joined; // parts have no halo along the dimension in which they follow one another
    if (auto join = v.getDefiningOp<JoinOpInterface>())
      joined.push_back(join.joinDim());
    for (Operation *user : v.getUsers())
      if (auto join = dyn_cast<JoinOpInterface>(user))
        joined.push_back(join.joinDim());
    auto attribute = [&](StringRef name) { return product->op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef(); };
    for (auto [i, c] : llvm::enumerate(product->labels.spatial)) {
      if (attribute("lhs_dilation")[i] != 1)
        return;
      int64_t d = product->labels.lhs.find(c), k = product->labels.rhs.find(c), out = product->labels.result.find(c);
      int64_t low = attribute("low")[i];
      int64_t last = shapeOf(launch.getResult(0).getType())[out] - 1;
      if (product->wholeRows && c == product->labels.result.back())
        last = llvm::alignTo(last + 1, lanes) - 1;
      int64_t reach =
          last * attribute("strides")[i] + (shapeOf(product->op->getOperand(1).getType())[k] - 1) * attribute("dilation")[i] - low;
      if (layout.blockOf(d) || (!copies && llvm::is_contained(joined, d)))
        return;
      layout.low[d] = std::max(layout.low[d], low);
      layout.high[d] = std::max(layout.high[d], reach - (shapeOf(v.getType())[d] - 1));
    }
    if (copies)
      pack(launch, product->lhs, copied);
  }

  // The gradient of a small kernel slides one image over another: lanes run along the rows of both, with zeros behind them so that they
  // are whole vectors.
  void fillKernels(LaunchOp launch) {
    auto product = productOf(launch);
    if (!product || product->lane || product->wholeRows || product->lhs < 0 || product->rhs < 0)
      return;
    const ProductLabels &p = product->labels;
    char x = p.result.back();
    size_t letter = p.spatial.find(x);
    if (letter == std::string::npos || p.lhs.back() != x || p.rhs.back() != x)
      return;
    auto is = [&](StringRef name, int64_t n) {
      return product->op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef()[letter] == n;
    };
    Value image = launch.getOperand(product->lhs), kernel = launch.getOperand(product->rhs);
    int64_t row = shapeOf(kernel.getType()).back(), more = llvm::alignTo(row, lanes) - row;
    if (shapeOf(launch.getResult(0).getType()).back() * 2 > lanes || row <= lanes || more == 0 || !is("dilation", 1) ||
        !is("lhs_dilation", 1) || !is("low", 0) || !is("high", 0) || !mayHaveHalo(kernel))
      return;
    for (auto [number, v] : {std::pair(product->lhs, image), std::pair(product->rhs, kernel)}) {
      Layout dense = Layout::dense(shapeOf(v.getType()).size());
      Layout &layout = mayHaveHalo(v) && chosen[v].order == dense.order ? chosen[v] : dense;
      layout.high.back() = std::max(layout.high.back(), more);
      if (&layout == &dense)
        pack(launch, number, dense);
    }
  }

  // A join and its parts have one halo.
  void shareHalos() {
    auto joins = func.getOps<JoinOpInterface>();
    for (bool changed = true; changed;) {
      changed = false;
      for (auto join : joins)
        for (Value part : needsDense(join->getResult(0)) ? ValueRange() : ValueRange(join->getOperands())) {
          auto a = chosen.find(join->getResult(0)), b = chosen.find(part);
          if (b == chosen.end() || a->second.order != b->second.order || needsDense(part))
            continue;
          for (auto side : {&Layout::low, &Layout::high})
            for (auto [x, y] : llvm::zip(a->second.*side, b->second.*side)) {
              changed |= x != y;
              x = y = std::max(x, y);
            }
        }
    }
  }

  Layout layoutFor(Value v) {
    auto it = chosen.find(v);
    return it == chosen.end() ? layoutOf(v.getType()) : it->second;
  }

  void packOperands(LaunchOp launch) {
    auto product = productOf(launch);
    int packed = -1;
    if (product && product->lane && product->rhs >= 0) {
      const ProductLabels &p = product->labels;
      Value rhs = launch.getOperand(product->rhs);
      int64_t rank = cast<RankedTensorType>(rhs.getType()).getRank(), laneDim = p.rhs.find(product->lane);
      Layout want = packedKernel(p, product->lhs >= 0 ? layoutFor(launch.getOperand(product->lhs)) : Layout::dense(p.lhs.size()),
                                 product->lane, lanes);
      Layout stored = layoutFor(rhs);
      bool contiguous = stored.order[0] == want.order[0] || (laneDim + 1 == rank && shapeOf(rhs.getType())[laneDim] % lanes == 0 &&
                                                             stored.storedAsDense(shapeOf(rhs.getType())));
      if (constants.contains(rhs) || !contiguous) {
        pack(launch, product->rhs, want);
        packed = product->rhs;
      }
    }
    // Small parameters along a padded dimension are padded with it, so that the last lanes read zeros.
    Shape shape = shapeOf(launch.getResult(0).getType());
    for (int64_t d = 0, rank = shape.size(); d < rank; ++d)
      if (int64_t block = layoutFor(launch.getResult(0)).blockOf(d); block && shape[d] % block)
        for (auto [i, operand] : llvm::enumerate(launch.getOperands())) {
          auto type = cast<RankedTensorType>(operand.getType());
          if (static_cast<int>(i) != packed && constants.contains(operand) && type.getRank() == 1 && type.getDimSize(0) == shape[d])
            pack(launch, i, Layout::blocked(1, 0, block));
        }
  }

  // Gives operand `number` the layout: by choosing it where its producer has no other use, else through a copy kernel.
  void pack(LaunchOp launch, int number, const Layout &layout) {
    Value v = launch.getOperand(number);
    if (layoutFor(v) == layout)
      return;
    auto producer = v.getDefiningOp<LaunchOp>();
    if (producer && v.hasOneUse() && (constants.contains(v) || onlyMoves(producer))) {
      chosen[v] = layout;
      return;
    }
    auto key = std::make_pair(v, layout.print());
    auto it = copies.find(key);
    if (it == copies.end())
      it = copies.insert({key, copy(v, layout, launch)}).first;
    launch->setOperand(number, it->second);
  }

  bool onlyMoves(LaunchOp launch) {
    bool moves = true;
    kernelOf(launch).getBody().walk([&](AlgorithmOpInterface op) { moves &= op.role() == Role::Index || op.role() == Role::Map; });
    return moves;
  }

  Value copy(Value v, const Layout &layout, Operation *before) {
    OpBuilder builder(func);
    auto type = cast<RankedTensorType>(v.getType());
    Type from = withLayout(type, layoutFor(v)), to = withLayout(type, layout);
    KernelOp kernel = addKernel("copy", from, to, v.getLoc());
    OpBuilder::atBlockEnd(&kernel.getBody().front()).create<ReturnOp>(v.getLoc(), kernel.getBody().getArgument(0));
    if (v.getDefiningOp() && constants.contains(v))
      builder.setInsertionPointAfter(v.getDefiningOp());
    else
      builder.setInsertionPoint(before);
    auto launch = builder.create<LaunchOp>(v.getLoc(), TypeRange(to), kernel.getSymName(), ValueRange(v), DenseI64ArrayAttr(),
                                           DenseI64ArrayAttr());
    if (constants.contains(v))
      constants.insert(launch.getResult(0));
    return launch.getResult(0);
  }

  KernelOp addKernel(StringRef what, TypeRange from, Type to, Location loc) {
    OpBuilder builder(func);
    std::string name = (what + std::to_string(added++) + "_" + func.getSymName()).str();
    auto kernel = builder.create<KernelOp>(loc, name, builder.getFunctionType(from, to), ScheduleAttr(), ArrayAttr(), ArrayAttr());
    builder.createBlock(&kernel.getBody(), {}, from, SmallVector<Location>(from.size(), loc));
    symbols.insert(kernel);
    return kernel;
  }

  // Writes what stands elsewhere into its place in a join; each run does so, also of what never changes.
  void copyPart(OpOperand &part) {
    Operation *join = part.getOwner();
    auto launch = copy(part.get(), layoutOf(join->getResult(0).getType()), join).getDefiningOp<LaunchOp>();
    launch->moveBefore(join);
    if (!constants.contains(join->getResult(0)) && constants.erase(launch.getResult(0)))
      launch->setAttr("part", UnitAttr::get(launch.getContext()));
    part.set(launch.getResult(0));
  }

  void retype(LaunchOp launch) {
    KernelOp kernel = kernelOf(launch);
    for (auto [operand, argument] : llvm::zip(launch.getOperands(), kernel.getBody().getArguments())) {
      Type type = withLayout(cast<RankedTensorType>(operand.getType()), layoutFor(operand));
      argument.setType(type);
    }
    SmallVector<Type> results;
    for (Value v : launch.getResults())
      results.push_back(withLayout(cast<RankedTensorType>(v.getType()), layoutFor(v)));
    SmallVector<Type> arguments(kernel.getBody().getArgumentTypes());
    kernel.setFunctionType(FunctionType::get(kernel.getContext(), arguments, results));
    for (Value v : launch.getResults())
      retype(v);
  }
  void retype(Value v) {
    v.setType(withLayout(cast<RankedTensorType>(v.getType()), layoutFor(v)));
    chosen.erase(v);
  }

  // What is returned or viewed must lie densely: a copy kernel makes it so where its producer could not. So must one state that becomes
  // another stand elsewhere before it is overwritten.
  void densify() {
    for (OpOperand &use : func.getBody().front().getTerminator()->getOpOperands())
      if (auto input = tiedInput(func, use.getOperandNumber()))
        if (Value from = viewed(use.get()).buffer; isa<BlockArgument>(from) && from != func.getArgument(*input))
          use.set(copy(use.get(), Layout::dense(shapeOf(use.get().getType()).size()), use.getOwner()));
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      if (isa<LaunchOp, JoinOpInterface>(op))
        continue;
      for (OpOperand &use : op.getOpOperands()) {
        auto type = cast<RankedTensorType>(use.get().getType());
        if (!type.getEncoding())
          continue;
        Layout plain = Layout::dense(type.getRank());
        if (layoutOf(type).storedAsDense(shapeOf(type))) {
          // The same bytes: forget the blocks by a view.
          OpBuilder builder(&op);
          use.set(builder.create<ReshapeOp>(op.getLoc(), use.get(), type.getShape()));
        } else {
          use.set(copy(use.get(), plain, &op));
        }
      }
    }
  }

  SymbolTable symbols;
  func::FuncOp func;
  int64_t lanes;
  int added = 0;
  llvm::DenseSet<Value> constants;
  llvm::DenseMap<Value, Layout> chosen;
  struct Less {
    bool operator()(const std::pair<Value, std::string> &a, const std::pair<Value, std::string> &b) const {
      return std::make_pair(a.first.getAsOpaquePointer(), a.second) < std::make_pair(b.first.getAsOpaquePointer(), b.second);
    }
  };
  std::map<std::pair<Value, std::string>, Value, Less> copies;
};

struct LayoutPass : PassWrapper<LayoutPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LayoutPass)
  explicit LayoutPass(int64_t lanes) { this->lanes = lanes; }
  LayoutPass(const LayoutPass &o) : PassWrapper(o) { lanes = o.lanes; }
  StringRef getArgument() const override { return "kiln-layout"; }
  StringRef getDescription() const override { return "choose how values between launches are stored"; }
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      LayoutPlanner(getOperation(), func, lanes).run();
  }
  Option<int64_t> lanes{*this, "lanes", llvm::cl::desc("f32 lanes of a vector; 0: everything is dense (devices)"),
                        llvm::cl::init(16)};
};
} // namespace

std::unique_ptr<Pass> createLayoutPass(int64_t lanes) { return std::make_unique<LayoutPass>(lanes); }
} // namespace kiln
