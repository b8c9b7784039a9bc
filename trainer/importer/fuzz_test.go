package importer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzDescription: no description may panic or be accepted against the engine's rules.
func FuzzDescription(f *testing.F) {
	f.Add([]byte(tinyDescription))
	f.Add([]byte(`{"layers": [{"name": "a", "kind": "conv1x1", "cin": 3, "cout": 9, "relu": true}], "taps": ["a"]}`))
	data := tinyTensors().encode(f)
	f.Fuzz(func(t *testing.T, description []byte) {
		w, err := readWeights(data)
		require.NoError(t, err)
		n, err := plainNetwork(w, description, nil)
		if err == nil {
			assert.NoError(t, n.skeleton().Validate())
		}
	})
}

// FuzzReadFloat reads any weights, as a described network and as a ResNet: what is accepted has finite weights in the shapes that its layers have.
func FuzzReadFloat(f *testing.F) {
	f.Add(tinyTensors().encode(f), []byte(tinyDescription), true)
	f.Add([]byte("PK\x03\x04 a .pth file is a ZIP archive"), []byte("{}"), false)
	f.Add([]byte("\x80\x02}q\x00. and an old one is a pickle"), []byte{}, false)
	f.Fuzz(func(t *testing.T, weights, description []byte, plain bool) {
		arch := ArchResNet18
		if plain {
			arch = ArchPlain
		}
		n, err := ReadFloat(weights, arch, description, nil)
		if err != nil {
			return
		}
		require.NotEmpty(t, n.Taps)
		require.Len(t, n.Strides, len(n.Taps))
		for _, l := range n.Layers {
			if !l.Pool {
				require.Len(t, l.Weight, l.In*l.Out*l.Kernel*l.Kernel)
				require.Len(t, l.Bias, l.Out)
			}
		}
	})
}
