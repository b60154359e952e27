// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Evaluates a Gradle script without Gradle: everything it says is recorded, nothing is known of what it means.
//   groovy gradle_check.groovy FOLDER SCRIPT           prints the calls and assignments as a tree of JSON
//   groovy gradle_check.groovy FOLDER SCRIPT TASK      runs the doLast blocks of that task; code 1 and one line if it throws
// FOLDER is the project's root: its gradle.properties answer findProperty. What tasks really use works: rootDir, file,
// ant, logger.
import groovy.json.JsonOutput
import org.codehaus.groovy.control.CompilerConfiguration

class Recorder {
    static File checkedFolder
    static Properties declared = new Properties()
    static Map<String, List<Closure>> lastBlocks = [:]
    String calledName
    String insideTask
    List said = []

    String toString() { "<${calledName}>" }
    File getRootDir() { checkedFolder }
    def getAnt() {
        def ant = new AntBuilder()
        ant.project.buildListeners.each { it.messageOutputLevel = 0 }
        ant
    }
    Map getLogger() { [lifecycle: { println it }] }
    File file(Object path) { new File(checkedFolder, path.toString()) }
    String findProperty(String key) { declared.getProperty(key) }

    def methodMissing(String called, Object given) {
        def arguments = given as List
        def child = new Recorder(calledName: called, insideTask: insideTask)
        if (called == 'register') {
            child.insideTask = arguments[0]
            lastBlocks[child.insideTask] = []
        }
        def plain = arguments.findAll { !(it instanceof Closure) }
        def entry = [call: called, arguments: plain.collect { it instanceof Map ? it : it.toString() }]
        arguments.findAll { it instanceof Closure }.each { block ->
            if (called == 'doLast') {
                lastBlocks[insideTask] << block
            } else {
                block.delegate = child
                block.resolveStrategy = Closure.DELEGATE_FIRST
                block.call(child)
            }
        }
        entry.inside = child.said
        said << entry
        child
    }

    def propertyMissing(String asked) {
        def child = new Recorder(calledName: asked, insideTask: insideTask)
        child.said = said
        child
    }

    def propertyMissing(String key, Object value) {
        said << [set: key, value: value.toString()]
    }
}

Recorder.checkedFolder = new File(args[0]).absoluteFile
def declared = new File(args[0], 'gradle.properties')
if (declared.isFile()) {
    declared.withInputStream { Recorder.declared.load(it) }
}
def configuration = new CompilerConfiguration(scriptBaseClass: DelegatingScript.name)
def script = new GroovyShell(this.class.classLoader, new Binding(), configuration).parse(new File(args[1]))
def root = new Recorder(calledName: 'project')
script.setDelegate(root)
script.run()
if (args.length == 2) {
    println JsonOutput.toJson(root.said)
    return
}
try {
    Recorder.lastBlocks[args[2]].each { it.call() }
} catch (IllegalStateException | IOException fault) {
    System.err.println(fault.message)
    System.exit(1)
}
