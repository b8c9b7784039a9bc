//go:build js && wasm

package app

import (
	"encoding/hex"
	"fmt"
	"strings"
	"syscall/js"

	"anomnet/webui/store"
)

// device is store.Disk on the browser's storage (assets/js/store.mjs). Its methods block.
type device struct{ js js.Value }

var _ store.Disk = device{}

func (d device) call(name string, args ...any) (js.Value, error) {
	v, err := await(d.js.Call(name, args...))
	if err == nil {
		return v, nil
	}
	if strings.HasPrefix(err.Error(), "QuotaExceededError") {
		return v, fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return v, fmt.Errorf("store: %s: %w", name, err)
}

func (d device) Write(path string, data store.Blob) error {
	_, err := d.call("write", path, data)
	return err
}

func (d device) Read(path string) (store.Blob, error) {
	v, err := d.call("read", path)
	if err != nil || v.IsNull() {
		return nil, err
	}
	return v, nil
}

func (d device) Remove(path string) error {
	_, err := d.call("remove", path)
	return err
}

func (d device) List(folder string) ([]string, error) {
	v, err := d.call("list", folder)
	if err != nil {
		return nil, err
	}
	names := make([]string, v.Length())
	for i := range names {
		names[i] = v.Index(i).String()
	}
	return names, nil
}

func (d device) Records(prefix string) (map[string]string, error) {
	v, err := d.call("records", prefix)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range v.Length() {
		if text := v.Index(i).Index(1); text.Type() == js.TypeString {
			out[v.Index(i).Index(0).String()] = text.String()
		}
	}
	return out, nil
}

func (d device) Put(key, text string) error {
	value := any(text)
	if text == "" {
		value = nil
	}
	_, err := d.call("put", key, value)
	return err
}

// Lock runs f while no other tab is in a Lock. The promise that f's lock waits for ends when f does.
func (d device) Lock(f func() error) (err error) {
	inside := js.FuncOf(func(js.Value, []js.Value) any {
		executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
			resolve := args[0]
			go func() {
				defer resolve.Invoke()
				err = f()
			}()
			return nil
		})
		defer executor.Release() // it runs at once
		return js.Global().Get("Promise").New(executor)
	})
	defer inside.Release()
	if _, e := d.call("lock", "store", inside); e != nil {
		return e
	}
	return err
}

// usage tells how much is stored.
func (d device) usage() (u store.Usage) {
	v, err := d.call("usage")
	if err != nil {
		return u
	}
	return store.Usage{Used: v.Get("used").Float(), Quota: v.Get("quota").Float(), Persisted: v.Get("persisted").Bool()}
}

// fresh makes the id of a part or draft. Pages that are not secure have no randomUUID.
func fresh() string {
	id := make([]byte, 16)
	js.CopyBytesToGo(id, js.Global().Get("crypto").Call("getRandomValues", js.Global().Get("Uint8Array").New(len(id))))
	return hex.EncodeToString(id)
}

// clock is the time of day in milliseconds.
func clock() float64 { return js.Global().Get("Date").Call("now").Float() }
