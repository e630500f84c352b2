//===- Fuse.cpp - which values exist in memory, and the kernels that make them ----------------------------------------===//
//
// In: a graph of ops. Out: launches of outlined kernels, plus views and joins. Walking backwards, each value either is materialised (it
// roots a kernel) or is computed inside the one kernel that its users belong to:
//
//   %0 = kiln.window %x, %w ...          kiln.kernel @k0(%x, %w, %b) { window; broadcast; add; tanh }
//   %1 = kiln.broadcast %b      ->
//   %2 = kiln.add %0, %1                 %3 = kiln.launch @k0(%x, %w, %b)
//   %3 = kiln.tanh %2
//
// A kernel has at most one product or pool, reached from its result through maps; or any number of reductions over the same dimensions of
// one domain (softmax, layer norm). What costs nothing (a shifted or repeated read) is copied into every kernel that wants it; so is a cheap
// map, where reading its operands again is no more traffic than writing and reading its result (batch norm, ReLU and their gradients).
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/lower/Kernel.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/Traffic.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace kiln {
namespace {
/// How a kernel's loops meet a value: at their own coordinate, in another order, at other coordinates, along a reduced row, in windows
/// that do not overlap, or as any other operand of a product or pool.
enum class Mode { Own, Permuted, Elsewhere, Row, Apart, Operand };

struct Group {
  Operation *root;
  llvm::SetVector<Operation *> ops;
  llvm::DenseMap<Value, Mode> modes;
  llvm::DenseMap<Operation *, int64_t> copies; ///< how often an op's expression stands in the kernel's, written as a tree
  bool heavy = false;
  Operation *reduction = nullptr; ///< the first one met; all agree with it
};

int64_t elements(Value v) { return cast<ShapedType>(v.getType()).getNumElements(); }

class Fusion {
public:
  explicit Fusion(func::FuncOp func) : func(func) {}

  void run() {
    for (Operation &op : func.getBody().front()) {
      if (needsNoKernel(&op))
        inMemory.insert(&op);
      constant[&op] = isa<UseOp>(op) || (isa<AlgorithmOpInterface>(op) && llvm::all_of(op.getOperands(), [&](Value v) {
                                           return v.getDefiningOp() ? constant.lookup(v.getDefiningOp()) : isFixed(v);
                                         }));
    }
    SmallVector<Operation *> order;
    for (Operation &op : func.getBody().front())
      order.push_back(&op);
    for (Operation *op : llvm::reverse(order))
      if (auto algorithm = dyn_cast<AlgorithmOpInterface>(op); algorithm && !inMemory.contains(op))
        if (algorithm.role() != Role::Leaf ||
            llvm::any_of(op->getUsers(), [&](Operation *user) { return traffic.isOutside(user); }))
          place(algorithm);
    for (auto &group : llvm::reverse(groups))
      outline(*group);
    for (Operation *op : llvm::reverse(order))
      if (isa<AlgorithmOpInterface>(op) && op->use_empty())
        op->erase();
  }

private:
  /// The same in each step of the loop whose body this is: what is made of it alone is made before (Lift.cpp).
  bool isFixed(Value v) { return func.getArgAttr(cast<BlockArgument>(v).getArgNumber(), "kiln.fixed") != nullptr; }

  /// Views, runs of neighbours of what is in memory already, and joins whose parts kernels can write in their places.
  bool needsNoKernel(Operation *op) const {
    auto algorithm = dyn_cast<AlgorithmOpInterface>(op);
    if (!algorithm || algorithm.role() == Role::View)
      return algorithm != nullptr;
    auto viewed = [&](Value v) { // the caller's, a parameter's, or another view's
      Operation *from = v.getDefiningOp();
      return !from || isa<UseOp>(from) || (inMemory.contains(from) && !isa<JoinOpInterface>(from));
    };
    if (auto view = dyn_cast<ViewOpInterface>(op))
      return view.viewStart() && viewed(op->getOperand(0));
    auto join = dyn_cast<JoinOpInterface>(op);
    if (!join || elements(op->getResult(0)) == 0 ||
        elements(op->getResult(0)) !=
            ShapedType::getNumElements(cast<ShapedType>(op->getResult(0).getType()).getShape().drop_front(join.joinDim())))
      return false;
    return llvm::any_of(op->getOperands(), [&](Value v) {
      while (v.getDefiningOp() && inMemory.contains(v.getDefiningOp()) && isa<ViewOpInterface>(v.getDefiningOp()))
        v = v.getDefiningOp()->getOperand(0);
      return v.getDefiningOp<AlgorithmOpInterface>() != nullptr;
    });
  }

  void place(AlgorithmOpInterface op) {
    Value v = op->getResult(0);
    if (v.use_empty())
      return;
    llvm::SetVector<Group *> wanted;
    bool stays = false;
    for (OpOperand &use : v.getUses()) {
      auto user = dyn_cast<AlgorithmOpInterface>(use.getOwner());
      stays |= traffic.isOutside(use.getOwner()) || (user.role() == Role::Gather && use.getOperandNumber() == 1);
      stays |= user && constant.lookup(op) && !constant.lookup(user) && op.role() != Role::Index;
      for (Group *group : member.lookup(use.getOwner()))
        wanted.insert(group);
    }
    bool again = (op.role() == Role::Index && !op->hasTrait<Costly>()) ||
                 isReadAgain(op, SmallVector<const Group *>(wanted.begin(), wanted.end()));
    if (!stays && (wanted.size() == 1 || again) && llvm::all_of(wanted, [&](Group *g) { return accepts(*g, op); })) {
      for (Group *group : wanted)
        add(*group, op);
      return;
    }
    groups.push_back(std::make_unique<Group>());
    groups.back()->root = op;
    groups.back()->modes[v] = Mode::Own;
    add(*groups.back(), op);
  }

  bool isReadAgain(AlgorithmOpInterface op, ArrayRef<const Group *> wanted) const {
    SmallVector<Traffic::Reads> reads;
    for (const Group *group : wanted)
      reads.push_back([group](Value v) { return group->modes.count(v) != 0; });
    return traffic.isReadAgain(op, reads);
  }

  /// Expressions are shared in memory, but much of a code generator walks them as trees.
  static constexpr int64_t mostCopies = 64;
  static int64_t copiesOf(const Group &group, Operation *op) {
    int64_t copies = 0;
    for (Operation *user : op->getUsers())
      copies += group.copies.lookup(user);
    return copies;
  }

  bool accepts(const Group &group, AlgorithmOpInterface op) const {
    Value v = op->getResult(0);
    if (copiesOf(group, op) > mostCopies)
      return false;
    Mode mode = group.modes.lookup(v);
    Value root = group.root->getResult(0);
    switch (op.role()) {
    case Role::Index:
      return !isTurnedKernel(op);
    case Role::Permute:
      return mode >= Mode::Apart;
    case Role::Gather:
      return mode == Mode::Own && !group.heavy && !group.reduction;
    case Role::Map:
      if (mode == Mode::Elsewhere) // computed again for every repeated read, unless a row kernel keeps it
        return group.reduction || elements(v) * 2 >= elements(root) || isStatistic(group, op);
      return mode < Mode::Apart || (mode == Mode::Apart && elements(v) * 2 >= elements(root) && isReadAgain(op, &group));
    case Role::Product:
    case Role::Pool:
      return (mode == Mode::Own || mode == Mode::Permuted) && !group.heavy && !group.reduction;
    case Role::Reduce:
      return !group.heavy && acceptsReduction(group, op, mode);
    default:
      return false;
    }
  }

  // All reductions of a kernel run over the same rows; the result is the rows themselves or one value per row.
  bool acceptsReduction(const Group &group, Operation *op, Mode mode) const {
    auto shape = cast<ShapedType>(op->getOperand(0).getType()).getShape();
    auto rootShape = cast<ShapedType>(group.root->getResult(0).getType()).getShape();
    if (group.reduction)
      return cast<ShapedType>(group.reduction->getOperand(0).getType()).getShape() == shape &&
             group.reduction->getResult(0).getType() == op->getResult(0).getType() &&
             reducedDims(group.reduction) == reducedDims(op);
    return rootShape == shape ? mode != Mode::Operand && isOneRow(op, shape)
                              : rootShape == cast<ShapedType>(op->getResult(0).getType()).getShape() && mode == Mode::Own;
  }
  // What a product walks through again for every element, small beside the other operand or made of parameters, is made once, in the order
  // of that walk.
  static bool isTurnedKernel(Operation *op) {
    Value v = op->getResult(0);
    bool once = dependsOnParametersOnly(v);
    return op->getNumOperands() == 1 && elements(op->getOperand(0)) >= elements(v) &&
           llvm::all_of(v.getUses(), [&](OpOperand &use) {
             return isa<ProductOpInterface>(use.getOwner()) && use.getOperandNumber() == 1 &&
                    (once || elements(v) * 4 <= elements(use.getOwner()->getOperand(0)));
           });
  }
  // Dimensions that lie side by side: a row of a batch norm, all images of one channel, is stored in pieces and outgrows every cache.
  static bool isOneRow(Operation *op, ArrayRef<int64_t> shape) {
    SmallVector<int64_t> dims;
    if (auto several = op->getAttrOfType<DenseI64ArrayAttr>("dims"))
      dims.assign(several.asArrayRef().begin(), several.asArrayRef().end());
    int runs = 0;
    bool inside = false;
    for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
      if (shape[d] != 1) {
        bool reduced = llvm::is_contained(dims, d);
        runs += reduced && !inside;
        inside = reduced;
      }
    return runs <= 1;
  }
  // One value per row, made by maps of a reduction that the group would take (the inverse deviation of a layer norm): no more is computed
  // again than for the reduction itself.
  bool isStatistic(const Group &group, Operation *op) const {
    llvm::SetVector<Operation *> maps;
    maps.insert(op);
    for (size_t i = 0; i < maps.size() && !group.heavy; ++i)
      for (Value v : maps[i]->getOperands()) {
        auto from = dyn_cast_or_null<AlgorithmOpInterface>(v.getDefiningOp());
        if (from && from.role() == Role::Reduce && acceptsReduction(group, from, Mode::Elsewhere))
          return true;
        if (from && from.role() == Role::Map && elements(v) == elements(op->getResult(0)))
          maps.insert(from);
      }
    return false;
  }
  static Attribute reducedDims(Operation *op) { return op->hasAttr("dims") ? op->getAttr("dims") : op->getAttr("dim"); }

  void add(Group &group, AlgorithmOpInterface op) {
    group.copies[op] = std::max<int64_t>(1, copiesOf(group, op));
    group.ops.insert(op);
    member[op].push_back(&group);
    Mode mode = group.modes.lookup(op->getResult(0));
    switch (op.role()) {
    case Role::Product:
    case Role::Pool:
      group.heavy = true;
      mode = Traffic::windowsOverlap(op) ? Mode::Operand : Mode::Apart;
      break;
    case Role::Reduce:
      if (!group.reduction)
        group.reduction = op;
      mode = Mode::Row;
      break;
    case Role::Permute:
      mode = mode == Mode::Own ? Mode::Permuted : mode;
      break;
    case Role::Index:
    case Role::Join:
    case Role::Gather:
      mode = mode >= Mode::Apart ? mode : Mode::Elsewhere;
      break;
    default:
      break;
    }
    for (Value v : op->getOperands()) {
      auto [it, fresh] = group.modes.insert({v, mode});
      it->second = std::max(it->second, mode); // the most demanding use counts
    }
  }

  static bool lowers(KernelOp kernel) {
    try {
      lower::nestOf(kernel);
      return true;
    } catch (const std::exception &) {
      return false;
    }
  }

  void outline(Group &group) {
    OpBuilder builder(func.getContext());
    SmallVector<Operation *> body(group.ops.begin(), group.ops.end());
    llvm::sort(body, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    llvm::SetVector<Value> inputs;
    llvm::SetVector<Operation *> leaves;
    SmallVector<Location> locations;
    for (Operation *op : body) {
      locations.push_back(op->getLoc());
      for (Value v : op->getOperands()) {
        auto leaf = dyn_cast_or_null<AlgorithmOpInterface>(v.getDefiningOp());
        if (leaf && leaf.role() == Role::Leaf)
          leaves.insert(leaf);
        else if (!v.getDefiningOp() || !group.ops.contains(v.getDefiningOp()))
          inputs.insert(v);
      }
    }
    SmallVector<Type> types;
    for (Value v : inputs)
      types.push_back(v.getType());
    Type result = group.root->getResult(0).getType();
    Location loc = group.root->getLoc();
    builder.setInsertionPoint(func);
    std::string name = "k" + std::to_string(outlined++) + "_" + func.getSymName().str();
    auto kernel =
        builder.create<KernelOp>(loc, name, builder.getFunctionType(types, result), ScheduleAttr(), ArrayAttr(), ArrayAttr());
    Block *block = builder.createBlock(&kernel.getBody(), {}, types, SmallVector<Location>(types.size(), loc));
    IRMapping mapping;
    for (auto [v, argument] : llvm::zip(inputs, block->getArguments()))
      mapping.map(v, argument);
    for (Operation *leaf : leaves)
      builder.clone(*leaf, mapping);
    for (Operation *op : body)
      builder.clone(*op, mapping);
    builder.create<ReturnOp>(loc, mapping.lookup(group.root->getResult(0)));
    if (body.size() > 1 && !lowers(kernel)) { // rare: then each op is a kernel of its own
      kernel.erase();
      for (Operation *op : body) {
        Group alone;
        alone.root = op;
        alone.ops.insert(op);
        outline(alone);
      }
      return;
    }
    builder.setInsertionPoint(group.root);
    auto launch = builder.create<LaunchOp>(builder.getFusedLoc(locations), TypeRange(result), name, inputs.getArrayRef(),
                                           DenseI64ArrayAttr(), DenseI64ArrayAttr());
    if (SmallVector<Attribute> checks = indexChecks(body, mapping, builder); !checks.empty())
      launch->setAttr("checks", builder.getArrayAttr(checks));
    group.root->getResult(0).replaceAllUsesWith(launch.getResult(0));
  }

  // What a gather reads through must be checked before the launch: its indices are an operand of the kernel (place sees to that).
  static SmallVector<Attribute> indexChecks(ArrayRef<Operation *> body, const IRMapping &mapping, OpBuilder &builder) {
    SmallVector<Attribute> checks;
    for (Operation *op : body) {
      auto algorithm = cast<AlgorithmOpInterface>(op);
      if (algorithm.role() != Role::Gather)
        continue;
      auto indices = dyn_cast<BlockArgument>(mapping.lookup(op->getOperand(1)));
      int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
      std::string node;
      if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
        node = name.getName().str();
      if (indices)
        checks.push_back(builder.getDictionaryAttr(
            {builder.getNamedAttr("operand", builder.getI64IntegerAttr(indices.getArgNumber())),
             builder.getNamedAttr("limit",
                                  builder.getI64IntegerAttr(cast<ShapedType>(op->getOperand(0).getType()).getDimSize(axis))),
             builder.getNamedAttr("node", builder.getStringAttr(node))}));
    }
    return checks;
  }

  func::FuncOp func;
  std::vector<std::unique_ptr<Group>> groups;
  llvm::DenseMap<Operation *, SmallVector<Group *>> member;
  llvm::DenseMap<Operation *, bool> constant;
  llvm::DenseSet<Operation *> inMemory; ///< what stands between kernels: no loops run for it
  Traffic traffic{inMemory};
  int outlined = 0;
};

struct FusePass : PassWrapper<FusePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FusePass)
  StringRef getArgument() const override { return "kiln-fuse"; }
  StringRef getDescription() const override { return "outline groups of ops as kernels"; }
  void runOnOperation() override {
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      Fusion(func).run();
  }
};
} // namespace

std::unique_ptr<Pass> createFusePass() { return std::make_unique<FusePass>(); }
} // namespace kiln
