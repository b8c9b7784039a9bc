module anomnet/core/engine/internal/x86/_asm

go 1.26.0

require github.com/mmcloughlin/avo v0.6.0

require (
	golang.org/x/mod v0.31.0 // indirect
	golang.org/x/sync v0.19.0 // indirect
	golang.org/x/tools v0.40.0 // indirect; avo asks for v0.16.1, which does not compile with Go 1.26
)
