#include "compiler/lower/Ptx.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace kiln::lower {
namespace {
/// One access to shared memory, `op rest [base+offset] end`, based on the symbol.
class Rebase {
public:
  std::string line(llvm::StringRef text) {
    size_t open = text.find('['), close = text.find(']');
    if (open == llvm::StringRef::npos || close == llvm::StringRef::npos)
      throw std::runtime_error("PTX accesses shared memory in an unknown form: " + text.trim().str());
    auto [base, offset] = text.slice(open + 1, close).split('+');
    base = base.trim();
    offset = offset.trim();
    std::string end = text.substr(close + 1).str() + "\n", start = text.substr(0, open).str();
    if (llvm::isDigit(base[0]))
      return start + "[kiln_shared+" + base.str() + "]" + end;
    if (!base.starts_with("%rd") && !base.starts_with("%r"))
      throw std::runtime_error("PTX accesses shared memory in an unknown form: " + text.trim().str());
    bool wide = base.starts_with("%rd");
    std::string sum = llvm::formatv("%kiln_{0}{1}", wide ? "d" : "s", count++);
    (wide ? wides : narrows).push_back(sum);
    return llvm::formatv("\tadd.{0} {1}, {2}, %kiln_{3};\n{4}[{1}{5}]{6}", wide ? "s64" : "s32", sum, base, wide ? "base" : "low",
                         start, offset.empty() ? "" : ("+" + offset).str(), end)
        .str();
  }

  std::string declarations() const {
    std::string text = "\t.reg .b64 %kiln_base;\n\tmov.u64 %kiln_base, kiln_shared;\n";
    if (!wides.empty())
      text += "\t.reg .b64 " + llvm::join(wides, ", ") + ";\n";
    if (!narrows.empty())
      text += "\t.reg .b32 %kiln_low;\n\tcvt.u32.u64 %kiln_low, %kiln_base;\n\t.reg .b32 " + llvm::join(narrows, ", ") + ";\n";
    return text;
  }

private:
  std::vector<std::string> wides, narrows;
  int count = 0;
};

bool accessesShared(llvm::StringRef line) {
  line = line.ltrim();
  if (line.starts_with("@")) // predicated
    line = line.substr(line.find(' ')).ltrim();
  return line.starts_with("ld.shared") || line.starts_with("st.shared") || line.starts_with("ld.volatile.shared") ||
         line.starts_with("st.volatile.shared") || line.starts_with("atom.shared");
}
} // namespace

void finishPtx(DeviceCode &code, KernelOp kernel, bool overwrites) {
  llvm::StringRef name = kernel.getSymName();
  std::string text = code.ptx;
  constexpr llvm::StringLiteral constantLoad = "ld.global.nc", load = "ld.global";
  for (size_t at = 0; overwrites && (at = text.find(constantLoad, at)) != std::string::npos;)
    text.replace(at, constantLoad.size(), load);
  constexpr llvm::StringLiteral flush = ".ftz";
  for (size_t at = 0; (at = text.find(flush, at)) != std::string::npos;)
    text.erase(at, flush.size());
  for (size_t at = text.find(code.entry); at != std::string::npos; at = text.find(code.entry, at + name.size()))
    text.replace(at, code.entry.size(), name.str());
  std::string head, body;
  enum { Before, Parameters, Body } part = Before;
  constexpr llvm::StringLiteral scoped = "{ .reg .b32 tmp;";
  bool halves = false;
  Rebase rebase;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  for (llvm::StringRef line : lines) {
    if (line.ltrim().starts_with("//") || line.trim().empty())
      continue;
    if (part == Before && line.contains(".entry")) {
      head += "// arguments" + argumentsText(code, kernel) + "\n";
      if (code.shared)
        head += ".extern .shared .align 16 .b8 kiln_shared[];\n";
      part = Parameters;
    }
    if (part == Body && line.ltrim().starts_with(scoped)) { // a register of one line becomes one of the kernel
      std::string inner = line.ltrim().substr(scoped.size()).rtrim(" \t}").str();
      size_t at = inner.find("tmp");
      body += "\t" + inner.substr(0, at) + "%kiln_half" + inner.substr(at + 3) + "\n";
      halves = true;
    } else if (part == Body) {
      body += accessesShared(line) ? rebase.line(line) : (line + "\n").str();
    } else if (part == Parameters && line.trim() == "{") {
      head += llvm::formatv(".maxntid {0}, {1}, {2}\n{{\n", code.block[0], code.block[1], code.block[2]);
      part = Body;
    } else if (!(part == Parameters && (line.contains(".maxntid") || line.contains(".reqntid")))) {
      head += (line + "\n").str();
    }
  }
  if (part != Body)
    throw std::runtime_error("PTX without an entry");
  if (halves)
    head += "\t.reg .b32 %kiln_half;\n";
  code.ptx = head + (code.shared ? rebase.declarations() : "") + body;
  code.entry = name.str();
}

std::string withoutOccupancy(const std::string &ptx) {
  size_t line = ptx.find('\n', ptx.find(".maxntid"));
  return line == std::string::npos ? ptx : ptx.substr(0, line) + "\n.minnctapersm 1" + ptx.substr(line);
}
} // namespace kiln::lower
