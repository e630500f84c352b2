//===- BuildStamp.h - which code makes kernels -------------------------------------------------------------------------===//
//
// Out: a text that differs when the code that turns kernels into objects does (BuildStamp.cmake hashes the libraries it stands in).
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_BUILDSTAMP_H
#define KILN_CODEGEN_BUILDSTAMP_H
namespace kiln::codegen {
extern const char *const buildStamp;
}
#endif
