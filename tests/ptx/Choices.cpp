//===- Choices.cpp - mov, comparisons, selections, predicates -----------------------------------------------------===//
#include "Rows.h"
#include <cmath>

namespace ptx {
namespace {
struct Copy {
  static uint64_t of(uint64_t a) { return a; }
};
struct Select {
  static uint64_t of(uint64_t a, uint64_t b, bool first) { return first ? a : b; }
};
template <class T> struct Compare {
  struct Equal {
    static bool of(T a, T b) { return a == b; }
  };
  struct Different {
    static bool of(T a, T b) { return a < b || a > b; } // not of NaN
  };
  struct Less {
    static bool of(T a, T b) { return a < b; }
  };
  struct LessEqual {
    static bool of(T a, T b) { return a <= b; }
  };
  struct Greater {
    static bool of(T a, T b) { return a > b; }
  };
  struct GreaterEqual {
    static bool of(T a, T b) { return a >= b; }
  };
  /// These are true of NaN.
  struct OrEqual {
    static bool of(T a, T b) { return !(a < b || a > b); }
  };
  struct OrDifferent {
    static bool of(T a, T b) { return !(a == b); }
  };
  struct OrLess {
    static bool of(T a, T b) { return !(a >= b); }
  };
  struct OrLessEqual {
    static bool of(T a, T b) { return !(a > b); }
  };
  struct OrGreater {
    static bool of(T a, T b) { return !(a <= b); }
  };
  struct OrGreaterEqual {
    static bool of(T a, T b) { return !(a < b); }
  };
  struct Unordered {
    static bool of(T a, T b) { return !(a <= b) && !(b <= a); }
  };
  struct Ordered {
    static bool of(T a, T b) { return a <= b || b <= a; }
  };
  static Action action(const std::string &name) {
    bool integer = std::is_integral_v<T>;
    if (name == "eq")
      return rows<Equal>();
    if (name == "ne")
      return rows<Different>();
    if (name == "lt" || (integer && name == "lo"))
      return rows<Less>();
    if (name == "le" || (integer && name == "ls"))
      return rows<LessEqual>();
    if (name == "gt" || (integer && name == "hi"))
      return rows<Greater>();
    if (name == "ge" || (integer && name == "hs"))
      return rows<GreaterEqual>();
    if (integer)
      return nullptr;
    return name == "equ"   ? rows<OrEqual>()
           : name == "neu" ? rows<OrDifferent>()
           : name == "ltu" ? rows<OrLess>()
           : name == "leu" ? rows<OrLessEqual>()
           : name == "gtu" ? rows<OrGreater>()
           : name == "geu" ? rows<OrGreaterEqual>()
           : name == "nan" ? rows<Unordered>()
           : name == "num" ? rows<Ordered>()
                           : nullptr;
  }
};
struct HalfGreater {
  static bool of(Half a, Half b) { return toFloat(a) > toFloat(b); }
};
struct HalfLess {
  static bool of(Half a, Half b) { return toFloat(a) < toFloat(b); }
};
struct AndPredicate {
  static bool of(bool a, bool b) { return a && b; }
};
struct OrPredicate {
  static bool of(bool a, bool b) { return a || b; }
};
struct XorPredicate {
  static bool of(bool a, bool b) { return a != b; }
};
struct NotPredicate {
  static bool of(bool a) { return !a; }
};
template <class T> struct IsFinite {
  static bool of(T a) { return std::isfinite(a); }
};
template <class T> struct IsInfinite {
  static bool of(T a) { return std::isinf(a); }
};

Action compare(const std::vector<std::string> &opcode) {
  const std::string &name = opcode[1], &type = opcode.back();
  if (opcode.size() != 3 && !(opcode.size() == 4 && opcode[2] == "ftz"))
    return nullptr;
  if (type == "f16")
    return name == "gt" ? rows<HalfGreater>() : name == "lt" ? rows<HalfLess>() : nullptr;
  return type == "s16"                    ? Compare<int16_t>::action(name)
         : type == "u16" || type == "b16" ? Compare<uint16_t>::action(name)
         : type == "s32"                  ? Compare<int32_t>::action(name)
         : type == "u32" || type == "b32" ? Compare<uint32_t>::action(name)
         : type == "s64"                  ? Compare<int64_t>::action(name)
         : type == "u64" || type == "b64" ? Compare<uint64_t>::action(name)
         : type == "f32"                  ? Compare<float>::action(name)
         : type == "f64"                  ? Compare<double>::action(name)
                                          : nullptr;
}
} // namespace

Action choiceAction(const std::vector<std::string> &opcode) {
  const std::string &name = opcode[0], &type = opcode.back();
  if (name == "mov" && opcode.size() == 2 && sizeOfType(type))
    return rows<Copy>();
  if (name == "selp" && opcode.size() == 2 && sizeOfType(type))
    return rows<Select>();
  if (name == "setp" && opcode.size() >= 3)
    return compare(opcode);
  if (name == "testp" && opcode.size() == 3)
    return opcode[1] == "finite" ? forFloats<IsFinite>(type) : opcode[1] == "infinite" ? forFloats<IsInfinite>(type) : nullptr;
  if (type != "pred" || opcode.size() != 2)
    return nullptr;
  return name == "and"   ? rows<AndPredicate>()
         : name == "or"  ? rows<OrPredicate>()
         : name == "xor" ? rows<XorPredicate>()
         : name == "not" ? rows<NotPredicate>()
                         : nullptr;
}

} // namespace ptx
