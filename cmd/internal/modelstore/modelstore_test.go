package modelstore_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"anomnet/cmd/internal/modelstore"
	"anomnet/cmd/internal/modelstore/storetest"
	"anomnet/core/catalogue"
)

func TestConformance(t *testing.T) {
	dir := t.TempDir()
	storetest.Write(t, dir)
	s := httptest.NewServer(modelstore.Handler(modelstore.Files{FS: os.DirFS(dir)}))
	defer s.Close()
	storetest.Run(t, s.URL)
}

// broken is a store whose disk has failed.
type broken struct{}

func (broken) Get(context.Context, string) (*modelstore.Object, error) {
	return nil, errors.New("disk /dev/sda1 at 0xff")
}

func TestBrokenStore(t *testing.T) {
	h := modelstore.Handler(broken{})
	for _, path := range []string{"/models/index.json", "/models/sha256/" + catalogue.Digest(nil)} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.NotContains(t, w.Body.String(), "sda1")
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	assert.Equal(t, http.StatusOK, w.Code)
}
