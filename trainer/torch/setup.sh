#!/usr/bin/env bash
# setup.sh prepares a build of AnomNet with its learner (build tag torch). It prints the environment that the build
# needs on stdout, and what it found on stderr:
#
#   e=$(trainer/torch/setup.sh) && eval "$e" && go build -tags torch ./cmd/anomnet
#
# (A plain eval "$(setup.sh)" would hide a failure.)
#
#   --install       with root or sudo, and apt-get: install Debian's packages when libtorch or g++ is missing.
#                   ANOMNET_INSTALL_TORCH=1 does the same.
#   LIBTORCH=DIR    use the libtorch in DIR, which holds include/ and lib/: an unpacked libtorch, or a PyTorch wheel:
#                   python3 -c 'import torch, os; print(os.path.dirname(torch.__file__))'
#                   Unset: Debian's package. CUDA comes only this way.
#   TORCH_BUILD=DIR where the linker stubs and the compiler wrapper go (default: .build/torch in the repository)
#   TORCH_GXX=NAME  the C++ compiler (default g++); it must know C++20
#
# The first build compiles gotch's 2,500 wrappers: 2 to 4 minutes and 1.5 GB; afterwards they come from Go's build cache.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
packages="libtorch-dev libopenblas0-pthread g++"
gxx=${TORCH_GXX:-g++}
install=${ANOMNET_INSTALL_TORCH:-}

say() { echo "setup.sh: $*" >&2; }
die() { say "$*"; exit 1; }

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; }

for arg in "$@"; do
  case $arg in
    --install) install=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage; exit 2 ;;
  esac
done

debian_lib() { find /usr/lib -maxdepth 2 -name libtorch_cpu.so -print -quit 2>/dev/null; }

# missing prints what is not there yet, nothing when all is well.
missing() {
  command -v "$gxx" >/dev/null || printf 'the C++ compiler %s; ' "$gxx"
  command -v ar >/dev/null || printf 'ar (binutils); '
  [ -n "${LIBTORCH:-}" ] || [ -n "$(debian_lib)" ] || printf 'libtorch; '
}

apt_install() {
  command -v apt-get >/dev/null || die "--install needs apt-get"
  local as=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || die "--install needs root or a sudo that asks nothing"
    as=sudo
  fi
  say "installing $packages"
  $as apt-get update -q >&2
  # shellcheck disable=SC2086 # a list of packages
  $as env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages >&2
}

# version prints the release of the libtorch under the include folder $1. Debian's header says 1.13.0 for 1.13.1.
version() {
  local f
  for f in "$1/torch/headeronly/version.h" "$1/torch/version.h" "$1/torch/csrc/api/include/torch/version.h"; do
    [ -f "$f" ] || continue
    awk '/define TORCH_VERSION_(MAJOR|MINOR|PATCH) /{v = v s $3; s = "."} END{print v}' "$f" | grep . && return
  done
  return 1
}

# stubs makes the libraries that gotch's fixed list of -l flags asks for and that are not here: empty archives, so
# nothing of them remains in the program. caffe2_nvrtc is always one: the real library needs the driver's libcuda.so.1,
# which a machine without a GPU lacks, and libtorch opens it by itself when it wants it.
stubs() {
  local libs=$1 out=$2 l
  mkdir -p "$out"
  rm -f "$out"/lib*.a
  for l in cuda cudart cublas cudnn caffe2_nvrtc nvrtc-builtins nvrtc nvToolsExt c10_cuda torch_cuda; do
    case $l in c10_cuda | torch_cuda) [ -e "$libs/lib$l.so" ] && continue ;; esac
    ar cr "$out/lib$l.a"
  done
}

# wrapper writes the compiler that cgo calls. gotch puts -std=c++17 -g -O3 after our flags, so what must win comes last:
# C++20 for compat.h, and -O1 -g0, which halve time and memory of the one large file and cost nothing that matters.
wrapper() {
  printf '#!/bin/sh\nexec %s "$@" -std=c++20 -g0 -O1\n' "$gxx" >"$1"
  chmod +x "$1"
}

absent=$(missing)
if [ -n "$absent" ] && [ -n "$install" ]; then
  apt_install
  absent=$(missing)
fi
[ -z "$absent" ] || die "missing: ${absent%; }. Run with --install, or: apt-get install -y --no-install-recommends \
$packages; or set LIBTORCH=DIR (see --help)"

if [ -n "${LIBTORCH:-}" ]; then
  dir=$(cd "$LIBTORCH" 2>/dev/null && pwd) || die "LIBTORCH=$LIBTORCH is not a folder"
  kind=dir include=$dir/include libs=$dir/lib
else
  kind=debian include=/usr/include libs=$(dirname "$(debian_lib)")
fi
[ -e "$libs/libtorch_cpu.so" ] || die "no libtorch_cpu.so in $libs"
release=$(version "$include") || die "no torch/version.h under $include"
device=cpu
[ ! -e "$libs/libtorch_cuda.so" ] || device=cuda

out=${TORCH_BUILD:-$root/.build/torch}/$kind-$release-$device
case $here$libs$out in *[[:space:]\']*) die "a path holds a space or a quote, which CGO_* variables cannot carry" ;; esac
mkdir -p "$out"
out=$(cd "$out" && pwd)
stubs "$libs" "$out/stubs"
wrapper "$out/cxx"

# Go's build cache does not see a change of compat.h or of libtorch's headers; this number in the flags makes it.
mark=$( { cat "$here/compat.h"; echo "$libs $release $device"; } | cksum | cut -d' ' -f1)
api=$include/torch/csrc/api/include
includes="-I$api"
# --no-as-needed: the linker would drop libtorch_cuda, which nothing names, and CUDA would not be found.
ld="-Wl,--no-as-needed -L$out/stubs"
if [ "$kind" = dir ]; then
  includes="-I$include $includes"
  ld="$ld -L$libs -Wl,-rpath,$libs" # the wheel's libraries find the nvidia wheels by their own rpath
fi
say "libtorch $release in $libs, CUDA build: $([ $device = cuda ] && echo yes || echo no)"
cat <<EOF
export CGO_ENABLED=1
export CXX='$out/cxx'
export CGO_CFLAGS='-O2 -w'
export CGO_CXXFLAGS='-O2 -w -DANOMNET_COMPAT=$mark -include $here/compat.h $includes'
export CGO_LDFLAGS='$ld'
EOF
