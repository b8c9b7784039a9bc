package kiosk

import (
	"cmp"
	"errors"
	"slices"

	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// Listed is a file in the watched folder.
type Listed struct {
	Path           string
	Size, Modified int64 // bytes; milliseconds since 1970
}

// Key is what the history knows the file by.
func (f Listed) Key() string { return history.KeyOf(f.Path, f.Size, f.Modified) }

const (
	depth      = 6    // images of the folder that are with the page at once; the others stay where they are
	settled    = 2000 // milliseconds since the last change after which a file is taken at first sight
	maxFetches = 3    // of a file that cannot be read
	maxDone    = 5000 // files that are known to stand in the history; it is asked again about others
)

// folder is the watched folder: what was seen in it and what is to be inspected.
type folder struct {
	turn    int // counts the folders that were chosen, so that an answer about the one before is known
	polling bool
	problem string            // a key of the catalogue, "" for none
	seen    map[string]Listed // by path, as it was listed last
	taken   map[string]bool   // by key: asked for, in the queue, in work, or in done
	done    []string          // keys of files that stand in the history, the oldest first
	queue   []Listed
	active  map[string]bool // by key: asked for and without a verdict; true once it is among the page's images
	fetches map[string]int  // of those that failed
	retry   float64         // no listing before
}

func newFolder() folder {
	return folder{seen: map[string]Listed{}, taken: map[string]bool{}, active: map[string]bool{}, fetches: map[string]int{}}
}

// another is for another folder, or the same one again: what is in work goes on, and is not taken a second time.
func (f *folder) another() folder {
	n := newFolder()
	n.turn, n.polling, n.active = f.turn+1, f.polling, f.active
	for key := range f.active {
		n.taken[key] = true
	}
	return n
}

// fresh returns the files of a listing that are complete and were not taken yet. A file is complete when it has not changed since the listing before, or
// for a while.
func (f *folder) fresh(list []Listed, now int64) []Listed {
	var out []Listed
	seen := map[string]Listed{} // without those that are gone
	for _, one := range list {
		if ui.Choose(one.Path) != ui.Taken || ui.ModelName(one.Path) || one.Size == 0 || f.taken[one.Key()] {
			continue
		}
		before, ok := f.seen[one.Path]
		seen[one.Path] = one
		if ok && before == one || now-one.Modified > settled {
			out = append(out, one)
		}
	}
	f.seen = seen
	return out
}

// finish notes that a file stands in the history. A line makes a million of them in a few weeks, so only the newest are remembered here.
func (f *folder) finish(key string) {
	f.taken[key] = true
	delete(f.fetches, key)
	f.done = append(f.done, key)
	if len(f.done) > maxDone {
		delete(f.taken, f.done[0])
		f.done = f.done[1:]
	}
}

// poll looks into the folder and asks the history which of its files are done.
func (k *Kiosk) poll() {
	f := &k.folder
	if f.polling || k.State.Folder == "" || !k.allows().Folder || k.Page.Phase != ui.Ready || k.back.Now() < f.retry {
		return
	}
	f.polling = true
	turn := f.turn
	k.back.Listing(func(list []Listed, err error) {
		if f.turn != turn {
			f.polling = false
			return
		}
		switch {
		case errors.Is(err, ErrPart):
			k.trouble(&f.problem, "kiosk.folder.part")
		case err != nil:
			f.polling, f.retry = false, k.back.Now()+2000
			k.folderFails(err)
			return
		default:
			k.trouble(&f.problem, "")
		}
		list = f.fresh(list, k.back.Wall().Milli)
		list = list[:min(len(list), 500)]
		if len(list) == 0 {
			f.polling = false
			k.feed()
			return
		}
		keys := make([]string, len(list))
		for i, one := range list {
			keys[i] = one.Key()
		}
		k.back.Known(keys, func(known []bool, err error) {
			f.polling = false
			if err != nil || len(known) != len(list) || f.turn != turn {
				return // of an error the history says so itself
			}
			for i, one := range list {
				if known[i] {
					f.finish(keys[i])
					k.back.Settle(one.Path)
				} else {
					f.taken[keys[i]] = true
					f.queue = append(f.queue, one)
				}
			}
			slices.SortStableFunc(f.queue, func(a, b Listed) int {
				return cmp.Or(cmp.Compare(a.Modified, b.Modified), cmp.Compare(a.Path, b.Path))
			})
			k.feed()
		})
	})
}

// feed inspects files of the queue, a few at a time, as long as verdicts can be recorded.
func (k *Kiosk) feed() {
	f := &k.folder
	for len(f.active) < depth && len(f.queue) > 0 && k.Blocked() == "" && k.log.Problem == nil && k.shown {
		one := f.queue[0]
		f.queue = f.queue[1:]
		key := one.Key()
		f.active[key] = false
		k.back.Fetch(one, func(src ui.Source, err error) {
			if err != nil {
				if f.fetches[key]++; f.fetches[key] < maxFetches {
					delete(f.active, key)
					delete(f.taken, key) // the next listing finds it again, if it is still there
					return
				}
			}
			f.active[key] = true
			k.Page.Add(src) // one that cannot be read fails there, and the history says so
		})
	}
}

// fed books that an image of the folder has a verdict or an error.
func (k *Kiosk) fed(it *ui.Item) {
	if key := history.FileKey(it.Src); key != "" {
		delete(k.folder.active, key)
		k.feed()
	}
}

// prune lets files be taken again whose images a person has removed before they had a verdict.
func (f *folder) prune(p *ui.Page) {
	there := map[string]bool{}
	for _, it := range p.Items() {
		there[history.FileKey(it.Src)] = true
	}
	for key, added := range f.active {
		if added && !there[key] {
			delete(f.active, key)
			delete(f.taken, key)
		}
	}
}

// folderFails says why the folder cannot be looked into. What is in work goes on.
func (k *Kiosk) folderFails(err error) { k.trouble(&k.folder.problem, watchProblems.of(err)) }

// ChooseFolder asks for the folder to watch.
func (k *Kiosk) ChooseFolder() {
	k.back.Choose(UseWatch, func(name string, err error) {
		if k.unchosen(err) {
			return
		}
		k.folder = k.folder.another()
		k.State.Folder = name
		k.keep()
	})
}

// unchosen tells whether no folder was chosen. Mostly a person has changed their mind.
func (k *Kiosk) unchosen(err error) bool {
	if errors.Is(err, ErrUnable) {
		k.unable, k.export.said = true, k.T("kiosk.folder.unable")
	}
	return err != nil
}

// GrantFolder asks again for the permission to read the folder.
func (k *Kiosk) GrantFolder() {
	k.back.Grant(UseWatch, func(err error) {
		k.folder.retry = 0
		if err != nil {
			k.folderFails(err)
		}
	})
}

// StopFolder ends watching.
func (k *Kiosk) StopFolder() {
	k.folder = k.folder.another()
	k.State.Folder = ""
	k.keep()
}

// FolderLeft is how many files of the folder wait.
func (k *Kiosk) FolderLeft() int { return len(k.folder.queue) + len(k.folder.active) }
