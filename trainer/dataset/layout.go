package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Category is one object of a public benchmark.
type Category struct {
	Name, Dir string
	Set       *Set
}

// MVTec lists the categories of a folder with MVTec AD (Bergmann et al. 2019): each is a folder in MVTec layout, see Open.
func MVTec(dir string) ([]Category, error) {
	return categories(dir, func(sub string) (*Set, error) {
		train, err := folders(filepath.Join(sub, "train"))
		if err != nil || !slices.ContainsFunc(train, saysGood) {
			return nil, err
		}
		return Open(sub)
	})
}

// MVTec2 lists the categories of a folder with MVTec AD 2 (Heckler-Kram et al. 2025): train/good, and of the test images those whose ground truth
// is public: test_public/good, test_public/bad, test_public/ground_truth/bad/NAME_mask.png. validation/good is left to the user.
func MVTec2(dir string) ([]Category, error) {
	return categories(dir, func(sub string) (*Set, error) {
		test := filepath.Join(sub, "test_public")
		if _, err := os.Stat(test); err != nil {
			return nil, nil //nolint:nilnil // no category
		}
		s := &Set{}
		var err error
		if s.Train, err = Images(filepath.Join(sub, "train", GoodLabel)); err != nil {
			return nil, err
		}
		for _, label := range []string{GoodLabel, "bad"} {
			if err := s.addTest(filepath.Join(test, label), label, filepath.Join(test, "ground_truth", label)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
		}
		return s, nil
	})
}

// categories lists the folders in dir of which open makes a set.
func categories(dir string, open func(sub string) (*Set, error)) ([]Category, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	var out []Category
	for _, e := range entries {
		sub := filepath.Join(dir, e.Name())
		if info, err := os.Stat(sub); err != nil || !info.IsDir() {
			continue
		}
		set, err := open(sub)
		if err != nil {
			return nil, err
		}
		if set != nil {
			out = append(out, Category{e.Name(), sub, set})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("dataset: %s holds no category of this benchmark", dir)
	}
	return out, nil
}

// visaSplit is the file with the split of the one-class protocol, which VisA's tools make or come with.
const visaSplit = "split_csv/1cls.csv"

// VisA lists the categories of a folder with VisA (Zou et al. 2022) by its split for one-class training, split_csv/1cls.csv with the columns
// object, split (train or test), label (normal or anomaly), image and mask. VisA's masks hold the number of the kind of defect, so their
// Item.MaskLevel is 1.
func VisA(dir string) ([]Category, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(visaSplit)))
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", visaSplit, err)
	}
	column := map[string]int{}
	for i, h := range header {
		column[strings.TrimSpace(strings.ToLower(h))] = i
	}
	for _, need := range []string{"object", "split", "label", "image", "mask"} {
		if _, ok := column[need]; !ok {
			return nil, fmt.Errorf("dataset: %s has no column %q", visaSplit, need)
		}
	}
	sets := map[string]*Set{}
	var names []string
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", visaSplit, err)
		}
		get := func(name string) string { return row[column[name]] }
		name := get("object")
		if sets[name] == nil {
			sets[name] = &Set{}
			names = append(names, name)
		}
		if err := sets[name].visaRow(dir, get); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	var out []Category
	for _, n := range names {
		if len(sets[n].Train) == 0 {
			return nil, fmt.Errorf("%w to train %s in %s", ErrNoImages, n, visaSplit)
		}
		out = append(out, Category{n, filepath.Join(dir, filepath.Base(n)), sets[n]})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNoImages, visaSplit)
	}
	return out, nil
}

// visaRow adds one line of the split. Paths must stay in dir.
func (s *Set) visaRow(dir string, get func(string) string) error {
	local := func(p string) (string, error) {
		p = filepath.FromSlash(p)
		if !filepath.IsLocal(p) {
			return "", fmt.Errorf("dataset: %s names %q, which is not below the folder", visaSplit, p)
		}
		return filepath.Join(dir, p), nil
	}
	image, err := local(get("image"))
	if err != nil {
		return err
	}
	label := get("label")
	if label != "normal" && label != "anomaly" {
		return fmt.Errorf("dataset: %s: label %q, want normal or anomaly", visaSplit, label)
	}
	switch split := get("split"); {
	case split == "train" && label == "normal":
		s.Train = append(s.Train, image)
		return nil
	case split != "test":
		return fmt.Errorf("dataset: %s: split %q with label %q", visaSplit, split, label)
	}
	item := Item{Path: image, Label: GoodLabel}
	if label == "anomaly" {
		item.Label = "bad"
		if m := get("mask"); m != "" {
			if item.Mask, err = local(m); err != nil {
				return err
			}
			item.MaskLevel = 1
		}
	}
	s.Test = append(s.Test, item)
	return nil
}
