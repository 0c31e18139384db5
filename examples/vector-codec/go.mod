module example.com/vector-codec

go 1.25.0

require go.bytecodealliance.org/pkg v0.2.3

replace go.bytecodealliance.org/pkg => ./third_party/go-pkg
