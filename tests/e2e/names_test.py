"""Versions, tags and digests as names: each means one release, and what it means can be written short."""
import unittest

from harness import PlumbTest


class NamesTest(PlumbTest):
    def publish(self, version, *flags, expect='done', model='lab/m'):
        folder = self.tmp / version
        folder.mkdir(exist_ok=True)
        (folder / 'data.dat').write_text(version * 1000)
        return self.plumb('publish', f'{model}@{version}', folder, '--license', 'MIT', '--json', *flags, expect=expect)

    def test_a_tag_is_not_called_as_a_version_nor_the_other_way_round(self):
        self.publish('v1')
        self.publish('v2')
        for release in ('lab/m@v1', 'lab/m@v2'):
            result = self.plumb('tag', release, 'v1', expect='failed')
            self.assertIn('lab/m has a version v1', result.err)
        self.plumb('tag', 'lab/m@v1', 'stable')
        result = self.publish('stable', expect='failed')
        self.assertIn('has a tag stable', result.err)
        self.publish('v3', '--tag', 'v1', expect='failed')
        self.publish('v3', '--tag', 'v3', expect='usage')
        self.assertEqual(self.plumb('admin', 'stats', '--json').json['releases'], 2)
        self.publish('v3', '--tag', 'stable')
        self.plumb('tag', '--remove', 'lab/m', 'stable')
        self.publish('stable')

    def test_the_digest_that_is_printed_is_a_reference(self):
        digest = self.publish('v1').json['digest']
        self.publish('v2')
        for digits in (12, 13, 40, 64):
            short = digest[:len('sha256:') + digits]
            shown = self.plumb('show', f'lab/m@{short}', '--json').json
            self.assertEqual(shown['version'], 'v1')
            self.plumb('pull', f'lab/m@{short}', self.tmp / f'out-{digits}', '--no-cache')
        self.plumb('show', 'lab/m@sha256:' + '0' * 12, expect='not found')
        self.plumb('show', 'lab/m@' + digest[:12], expect='usage')

    def test_search_looks_at_task_library_base_format_kind_and_publisher(self):
        folder = self.tmp / 'carded'
        folder.mkdir()
        (folder / 'README.md').write_text('---\nlicense: mit\npipeline_tag: text-generation\nlibrary_name: transformers\n'
                                          'base_model: openai-community/gpt2\n---\n# A model\n')
        (folder / 'notes.dat').write_text('x')
        self.plumb('publish', 'lab/carded@v1', folder)
        self.publish('v1')
        for query in (['text-generation'], ['transformers'], ['gpt2'], ['task:text-generation', 'library:transformers'],
                      ['base:openai-community/gpt2', 'publisher:admin'], ['task:text', 'license:mit']):
            models = [m['name'] for m in self.plumb('search', *query, '--json').json['models']]
            self.assertEqual(models, ['lab/carded'], query)
        self.assertEqual(self.plumb('search', 'task:transformers', '--json').json['models'], [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
