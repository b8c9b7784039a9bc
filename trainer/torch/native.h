// native.h: the few functions that gotch's C layer lacks or that its Go layer reads wrongly. Each gives NULL, or a message
// to be freed with free().
#pragma once
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
char *anomnet_manual_seed(int64_t seed);
char *anomnet_set_threads(int n);
char *anomnet_get_threads(int *n);
char *anomnet_cuda_devices(int *n);
char *anomnet_set_grad(int on, int *was);
char *anomnet_set_deterministic(int on);
char *anomnet_version(char *into, int size);
char *anomnet_requires_grad(void *tensor, int *is);
char *anomnet_device_of(void *tensor, int *cuda_index);
char *anomnet_set_data(void *tensor, void *from);
char *anomnet_adamw(void *param, void *m, void *v, int64_t step, double rate, double beta1, double beta2, double eps, double decay);
char *anomnet_bytes(void *data, int64_t rows, int64_t columns, void **out);
char *anomnet_upload(void *from, int cuda_index, int64_t spare, int64_t block, void **out);
#ifdef __cplusplus
}
#endif
