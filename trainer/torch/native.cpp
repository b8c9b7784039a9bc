//go:build torch

#include "native.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <torch/torch.h>
#include <torch/version.h>

// guarded runs f and turns an exception into a message.
template <class F> static char *guarded(F f) {
  try {
    f();
    return nullptr;
  } catch (const std::exception &e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

static const at::Tensor &of(void *tensor) { return *static_cast<at::Tensor *>(tensor); }

char *anomnet_manual_seed(int64_t seed) {
  return guarded([=] { torch::manual_seed(static_cast<uint64_t>(seed)); });
}

char *anomnet_set_threads(int n) {
  return guarded([=] { at::set_num_threads(n); });
}

char *anomnet_get_threads(int *n) {
  return guarded([=] { *n = at::get_num_threads(); });
}

// The count, and not at::hasCUDA(), which is true for a CUDA build on a machine that has no GPU.
char *anomnet_cuda_devices(int *n) {
  return guarded([=] { *n = static_cast<int>(torch::cuda::device_count()); });
}

char *anomnet_set_grad(int on, int *was) {
  return guarded([=] {
    *was = at::GradMode::is_enabled();
    at::GradMode::set_enabled(on != 0);
  });
}

// The second argument lets an operation that has only a non-deterministic form on the GPU warn and run.
char *anomnet_set_deterministic(int on) {
  return guarded([=] {
    at::globalContext().setDeterministicAlgorithms(on != 0, true);
    at::globalContext().setBenchmarkCuDNN(false);
  });
}

char *anomnet_version(char *into, int size) {
  return guarded([=] { snprintf(into, size, "%s", TORCH_VERSION); });
}

char *anomnet_requires_grad(void *tensor, int *is) {
  return guarded([=] { *is = of(tensor).requires_grad(); });
}

char *anomnet_device_of(void *tensor, int *cuda_index) {
  return guarded([=] { *cuda_index = of(tensor).is_cuda() ? static_cast<int>(of(tensor).device().index()) : -1; });
}

char *anomnet_set_data(void *tensor, void *from) {
  return guarded([=] {
    at::NoGradGuard off;
    of(tensor).copy_(of(from));
  });
}

// Every operation works in place: a step takes no memory but for two temporaries of the parameter's size.
char *anomnet_adamw(void *param, void *m, void *v, int64_t step, double rate, double beta1, double beta2, double eps, double decay) {
  return guarded([=] {
    at::NoGradGuard off;
    at::Tensor p = of(param), mean = of(m), square = of(v), grad = p.grad();
    TORCH_CHECK(grad.defined(), "the parameter has no gradient");
    mean.mul_(beta1).add_(grad, 1 - beta1);
    square.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
    at::Tensor root = square.sqrt().div_(std::sqrt(1 - std::pow(beta2, step))).add_(eps);
    p.mul_(1 - rate * decay).addcdiv_(mean, root, -rate / (1 - std::pow(beta1, step)));
    p.mutable_grad() = at::Tensor();
  });
}

char *anomnet_bytes(void *data, int64_t rows, int64_t columns, void **out) {
  return guarded([=] { *out = new at::Tensor(at::from_blob(data, {rows, columns}, at::kByte)); });
}

// Page-locked memory is what a GPU copies from without waiting; its allocator keeps a block until the copy is over. Only one block's worth is
// locked at a time. The reserve stays in the device's cache for what comes after.
char *anomnet_upload(void *tensor, int cuda_index, int64_t spare, int64_t block, void **out) {
  return guarded([=] {
    const bool cuda = cuda_index >= 0;
    const at::Device device = cuda ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(cuda_index)) : at::Device(at::kCPU);
    at::Tensor from = of(tensor).contiguous(), to = at::empty(from.sizes(), from.options().device(device));
    if (spare > 0) {
      at::Tensor reserve = at::empty({spare}, from.options().dtype(at::kByte).device(device));
    }
    at::Tensor source = from.view({-1}), target = to.view({-1});
    for (int64_t at = 0; at < source.numel(); at += block) {
      const int64_t n = std::min(block, source.numel() - at);
      at::Tensor part = source.narrow(0, at, n);
      target.narrow(0, at, n).copy_(cuda ? part.pin_memory() : part, cuda);
    }
    *out = new at::Tensor(to);
  });
}
