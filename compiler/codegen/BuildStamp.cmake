# Writes OUT, the definition of buildStamp: a hash of the ARCHIVES' contents, and VERSIONS. Run by the build after the archives change.
set(text "${VERSIONS}")
foreach(archive ${ARCHIVES})
  file(SHA256 ${archive} hash)
  string(APPEND text " ${hash}")
endforeach()
string(SHA256 stamp "${text}")
file(WRITE ${OUT} "#include \"compiler/codegen/BuildStamp.h\"\nconst char *const kiln::codegen::buildStamp = \"${stamp}\";\n")
