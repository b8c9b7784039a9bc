package dataset

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"anomnet/core/report"
)

// Open reads a folder in MVTec layout, or one that just holds good images (then Test is empty). A folder with test/good and without train/good is a test
// set alone (then Train is empty): its defective images are nothing to learn from.
//
// The folder good may have another name that says so (report.LabelOf): BTAD has train/ok, test/ok and test/ko. A folder of good images in which names of
// folders say that images are defective is refused.
func Open(dir string) (*Set, error) {
	train, err := folders(filepath.Join(dir, "train"))
	if err != nil {
		return nil, err
	}
	test, err := folders(filepath.Join(dir, "test"))
	if err != nil {
		return nil, err
	}
	s := &Set{}
	for _, name := range train {
		if !saysGood(name) {
			continue
		}
		paths, err := Images(filepath.Join(dir, "train", name))
		if err != nil {
			return nil, err
		}
		s.Train = append(s.Train, paths...)
	}
	if s.Train == nil && !slices.ContainsFunc(test, saysGood) {
		s.Train, err = goodImages(dir)
		return s, err
	}
	for _, name := range test {
		if err := s.addTest(filepath.Join(dir, "test", name), name, filepath.Join(dir, "ground_truth", name)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// folders lists the names of the folders in dir, and of links to folders; none when there is no dir.
func folders(dir string) ([]string, error) {
	if !isFolder(dir) {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	var names []string
	for _, e := range entries {
		if isFolder(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// saysGood reports whether the name of a folder says that its images are good.
func saysGood(name string) bool { return report.LabelOf(name+"/") == report.Good }

// goodImages lists the images of a folder that is said to hold good ones.
func goodImages(dir string) ([]string, error) {
	names, err := folders(dir)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	if has("train") && has("test") {
		return nil, fmt.Errorf("dataset: %s is neither a data set in MVTec layout nor a folder of good images: it has train and test, but neither train/good nor test/good", dir)
	}
	paths, err := Images(dir)
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		below, err := filepath.Rel(dir, p)
		if err != nil {
			return nil, fmt.Errorf("dataset: %w", err)
		}
		if report.LabelOf(filepath.ToSlash(below)) == report.Defect {
			return nil, fmt.Errorf("dataset: %s is neither a data set in MVTec layout nor a folder of good images: by the names of its folders, %s is defective", dir, p)
		}
	}
	return paths, nil
}

// addTest adds the images in dir, of which a label is known and where the masks of defective ones are.
func (s *Set) addTest(dir, label, truth string) error {
	paths, err := Images(dir)
	if errors.Is(err, ErrNoImages) {
		return nil
	}
	if err != nil {
		return err
	}
	var masks map[string]string
	if saysGood(label) {
		label = GoodLabel
	} else if masks, err = masksIn(truth); err != nil {
		return err
	}
	for _, p := range paths {
		s.Test = append(s.Test, Item{Path: p, Label: label, Mask: masks[stem(dir, p)]})
	}
	return nil
}

// stem is the path of an image below dir without its extension, with slashes.
func stem(dir, p string) string {
	if below, err := filepath.Rel(dir, p); err == nil {
		p = below
	}
	p = filepath.ToSlash(p)
	return strings.TrimSuffix(p, path.Ext(p))
}

// masksIn finds the masks of a kind of defect by the stems of their images: NAME_mask.png, else NAME.png, else the folder NAME, whose masks count together
// (MVTec LOCO). They may be of any format. No dir is no masks.
func masksIn(dir string) (map[string]string, error) {
	masks := map[string]string{}
	if !isFolder(dir) {
		return masks, nil
	}
	paths, err := Images(dir)
	if errors.Is(err, ErrNoImages) {
		return masks, nil
	}
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		if up := path.Dir(stem(dir, p)); up != "." {
			masks[up] = filepath.Dir(p)
		}
	}
	for _, p := range paths {
		masks[stem(dir, p)] = p
	}
	for _, p := range paths {
		if name, ok := strings.CutSuffix(stem(dir, p), "_mask"); ok {
			masks[name] = p
		}
	}
	return masks, nil
}
