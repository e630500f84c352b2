# One pass or one stage at a time, on text: `// RUN: kiln-opt --kiln-fuse %s | FileCheck %s`. Run by scripts/test lit.
# kiln-opt and kiln come from $KILN_BUILD (the build folder of this checkout where it is not set), FileCheck and not from LLVM 19.
import os

import lit.formats

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = os.environ.get("KILN_BUILD", os.path.join(root, "build"))

config.name = "kiln"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(build, "lit")
config.environment["PATH"] = os.pathsep.join([os.path.join(build, "bin"), "/usr/lib/llvm-19/bin", os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--dump-input=fail --dump-input-context=8"
config.substitutions.append(("%root", root))
