// Reads a declarative Jenkinsfile as Groovy and prints, as JSON, the commands of its `sh` steps in the order in which they stand: each with
// the stages around it and whether it is below `post`. Everything else of the language of pipelines is accepted by its name alone.
import groovy.json.JsonOutput

class Pipeline extends Script {
    static final KNOWN = ['pipeline', 'agent', 'triggers', 'cron', 'options', 'disableConcurrentBuilds', 'stages', 'stage', 'matrix', 'axes',
        'axis', 'name', 'values', 'docker', 'image', 'args', 'environment', 'credentials', 'steps', 'post', 'always', 'junit', 'stash', 'unstash',
        'node', 'script', 'archiveArtifacts', 'inside'] as Set
    List steps = []
    List around = []
    Map axes = [:]
    String axis
    def none = 'none'
    def any = 'any'
    def PART = '${PART}'

    def run() { null }

    def methodMissing(String name, arguments) {
        def given = arguments as List
        if (name == 'sh') {
            steps << [command: given[0].stripIndent().trim(), stages: around.findAll { it != 'post' }, post: 'post' in around]
            return null
        }
        if (!(name in KNOWN)) throw new IllegalArgumentException("`${name}` is not known here")
        if (name == 'name' && axis == null) axis = given[0]
        if (name == 'values') { axes[axis] = given.collect { it as String }; axis = null }
        def body = given && given[-1] instanceof Closure ? given[-1] : null
        def label = name == 'stage' ? given[0] : name == 'post' ? 'post' : null
        if (body) {
            if (label) around << label
            body.delegate = this
            body.resolveStrategy = Closure.DELEGATE_FIRST
            body()
            if (label) around.remove(around.size() - 1)
        }
        this
    }

    def propertyMissing(String name) {
        if (name == 'docker') return this
        throw new MissingPropertyException(name, getClass())
    }

    def propertyMissing(String name, value) { value }
}

def pipeline = new Pipeline()
def shell = new GroovyShell(this.class.classLoader, new Binding(), new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: DelegatingScript.name))
def parsed = shell.parse(new File(args[0]))
parsed.setDelegate(pipeline)
parsed.run()
println JsonOutput.toJson([axes: pipeline.axes, steps: pipeline.steps])
