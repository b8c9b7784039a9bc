// Package pth reads the state dicts that PyTorch's torch.save writes (.pth, .pt), without Python and without libtorch.
//
// Both containers are known: the ZIP archive of PyTorch 1.6 and later (NAME/data.pkl, NAME/data/KEY), and the older sequence of pickles
// with the storages behind them, in which torchvision still offers some weights. See torch/serialization.py in PyTorch's sources, and
// pickletools.py in Python's for the opcodes.
//
// # Security considerations
//
// A pickle is a program, and a file from elsewhere is not to be trusted. This reader knows only the opcodes that a state dict needs and
// only the globals of the list in globals.go, calls nothing, and bounds steps, stack, names and memory by the size of the file. ZIP
// entries must be stored, not compressed. Whatever is not known is an error that wraps [ErrFormat] and names the place, never a panic.
package pth
