package ui

import vjs "github.com/vugu/vugu/js"

func (b *fakeBackend) Stage(vjs.Value) { b.note("stage") }
func (b *fakeBackend) Beside(_ vjs.Value, id int, src Source, item *Item) {
	b.note("beside", id, src.Name(), item != nil)
}
func (b *fakeBackend) Crop(_ vjs.Value, id int, _ Source, box [4]float64) { b.note("crop", id, box) }
func (b *fakeBackend) Limits(vjs.Value)                                   { b.note("limits") }
func (b *fakeBackend) Similar(id int, src Source, good []Source) {
	b.note("similar", id, src.Name(), len(good))
}
