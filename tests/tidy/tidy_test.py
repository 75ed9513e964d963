"""Rules that a compiler does not check: layers, file sizes, includes, words."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else '.').resolve()
LAYERS = ['proto', 'formats', 'verify', 'client', 'registry']
TOP = {'CMakeLists.txt', 'registry', 'client', 'verify', 'formats', 'proto', 'tests', 'deploy', 'LICENSE', 'README.md',
       'CMakePresets.json', 'docs', 'build'}
LINES_MAX = 400
MAY_USE = {'proto': set(), 'formats': {'proto'}, 'verify': {'formats', 'proto'}, 'client': {'verify', 'formats', 'proto'},
           'registry': {'verify', 'formats', 'proto'}}


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob('*')):
            if path.suffix in ('.cc', '.h'):
                yield path


class TidyTest(unittest.TestCase):
    def test_top_level_is_the_architecture(self):
        found = {p.name for p in ROOT.iterdir() if not p.name.startswith('.')}
        self.assertLessEqual(found, TOP)

    def owner_of(self, include):
        """The layer that holds a header, by the folder it stands in."""
        if include.startswith('plumb/v1/'):
            return 'proto'
        for layer in LAYERS:
            if include.startswith(layer + '/') or any((ROOT / layer).glob(f'*/include/{include}')):
                return layer
        return None

    def test_arrows_point_down(self):
        for layer in LAYERS:
            for path in sources(layer):
                for include in re.findall(r'#include "([^"]+)"', path.read_text()):
                    owner = self.owner_of(include)
                    if owner and owner != layer:
                        self.assertIn(owner, MAY_USE[layer], f'{path.relative_to(ROOT)} includes {include}')

    def test_files_stay_one_room(self):
        for path in sources(*LAYERS, 'tests'):
            lines = path.read_text().count('\n')
            limit = LINES_MAX if 'tests' not in path.relative_to(ROOT).parts[0] else 700
            if path.name.endswith('_list.h'):
                continue  # A table of identifiers.
            self.assertLessEqual(lines, limit, f'{path.relative_to(ROOT)} has {lines} lines')

    def test_a_name_means_one_type(self):
        """Two types of one name in one namespace are one to the linker, which takes the code of either for both."""
        places = {}
        for path in sources(*LAYERS):
            namespaces = []
            for line in path.read_text().splitlines():
                if opened := re.match(r'(?:inline )?namespace ?([\w:]*) ?\{', line):
                    namespaces.append(opened[1])
                elif line.startswith('}  // namespace'):
                    namespaces.pop()
                elif (defined := re.match(r'(?:struct|class)(?: alignas\(\w+\))? (\w+)(?: final)?(?: : .*)? \{', line)) and \
                        '' not in namespaces:
                    places.setdefault('::'.join([*namespaces, defined[1]]), set()).add(str(path.relative_to(ROOT)))
        self.assertGreater(len(places), 500)
        self.assertEqual({name: found for name, found in places.items() if len(found) > 1}, {})

    def test_include_guards_name_their_file(self):
        for path in sources(*LAYERS):
            if path.suffix != '.h':
                continue
            name = str(path.relative_to(ROOT)).split('/include/')[-1]
            guard = re.sub(r'[^A-Za-z0-9]', '_', name).upper() + '_'
            plumb = guard if guard.startswith('PLUMB_') else 'PLUMB_' + guard
            self.assertIn(f'#ifndef {plumb}\n#define {plumb}\n', path.read_text(), path.relative_to(ROOT))

    def test_nothing_is_left_for_later(self):
        for path in sources(*LAYERS, 'tests'):
            self.assertIsNone(re.search(r'\b(TODO|FIXME|XXX|HACK)\b|for now\b', path.read_text()), path.relative_to(ROOT))

    def test_every_document_is_linked(self):
        pages = {p.name for p in (ROOT / 'docs').glob('*.md')}
        index = (ROOT / 'README.md').read_text()
        for page in pages:
            self.assertIn(f'docs/{page}', index, f'README.md does not link docs/{page}')

    def test_links_in_documents_lead_somewhere(self):
        for page in [ROOT / 'README.md', *(ROOT / 'docs').glob('*.md')]:
            for target in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', page.read_text()):
                self.assertTrue((page.parent / target).exists(), f'{page.name} links {target}')

    def test_every_limit_is_documented_by_its_use(self):
        header = (ROOT / 'formats/base/include/plumb/base/limits.h').read_text()
        code = ''.join(p.read_text() for p in sources(*LAYERS) if p.name != 'limits.h')
        for name in re.findall(r'\bk\w+(?= =)', header):
            self.assertRegex(code, rf'\b{name}\b', f'{name} is a limit that nothing uses')

    def test_data_is_small(self):
        total = sum(p.stat().st_size for p in (ROOT / 'tests/data').rglob('*') if p.is_file())
        self.assertLess(total, 30e6)


if __name__ == '__main__':
    unittest.main()
