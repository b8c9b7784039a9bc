package imaging

// The build stops here where int has 32 bits: sums of pixels and sizes of buffers here and in other packages of core need 64, and
// with fewer some pictures would come out different.
const _ = ^uint(0)>>63 - 1
